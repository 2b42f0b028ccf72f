package io.weftmesh.proxy.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerNameReaderTest {
  private final List<String> told = new ArrayList<>();
  private final CompositeByteBuf passedOn = Unpooled.compositeBuffer();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private boolean ended;

  ServerNameReaderTest() {
    channel.freezeTime();
    channel.pipeline().addLast(new ServerNameReader(listener(told)));
  }

  @AfterEach
  void nothingIsLeftBehind() {
    channel.finishAndReleaseAll();
    passedOn.release();
    channel.checkException();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 100_000})
  void readsTheNameHoweverTheMessageIsCut(int piece) throws Exception {
    byte[] hello = clientHello("db.example.com");
    for (int at = 0; at < hello.length; at += piece) {
      assertThat(told).isEmpty();
      receive(hello, at, Math.min(piece, hello.length - at));
    }

    assertThat(told).containsExactly("named db.example.com");
    assertThat(channel.config().isAutoRead()).isFalse();
    assertThat(taken()).isEqualTo(hello);
  }

  @Test
  void readsAMessageThatIsSpreadOverRecords() throws Exception {
    byte[] hello = clientHello("db.example.com");
    ByteBuf records = Unpooled.buffer();
    for (int at = 5; at < hello.length; at += 50) {
      int length = Math.min(50, hello.length - at);
      records.writeBytes(hello, 0, 3).writeShort(length).writeBytes(hello, at, length);
    }
    byte[] spread = ByteBufUtil.getBytes(records);
    records.release();

    receive(spread, 0, spread.length);

    assertThat(told).containsExactly("named db.example.com");
    assertThat(taken()).isEqualTo(spread);
  }

  @Test
  void aClientThatNamesNobodyIsTaken() throws Exception {
    byte[] hello = clientHello(null);

    receive(hello, 0, hello.length);

    assertThat(told).containsExactly("named ");
  }

  @Test
  void handsOverWhatCameBehindTheMessageAndTheHalfClose() throws Exception {
    byte[] hello = clientHello("a.example.com");
    receive(hello, 0, hello.length);
    receive(new byte[] {1, 2, 3}, 0, 3);
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

    byte[] all = taken();

    assertThat(all).hasSize(hello.length + 3).endsWith(1, 2, 3);
    assertThat(ended).isTrue();
    assertThat(channel.pipeline().get(ServerNameReader.class)).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100_000})
  void takesTheBytesOverFromADetectorAndHandsThemOn(int piece) throws Exception {
    byte[] hello = clientHello("db.example.com");
    EmbeddedChannel detected = new EmbeddedChannel();
    Detector.Listener installs =
        new Detector.Listener() {
          @Override
          public void detected(Protocol protocol) {
            told.add(protocol.name());
            detected.pipeline().addLast(new ServerNameReader(listener(told)));
            // Asks for the bytes at once, as it was off.
            detected.config().setAutoRead(true);
          }

          @Override
          public void silent() {
            told.add("silent");
          }

          @Override
          public void gone(@Nullable Throwable cause) {
            told.add("gone");
          }
        };
    detected.pipeline().addLast(new Detector(installs, false));
    for (int at = 0; at < hello.length; at += piece) {
      int length = Math.min(piece, hello.length - at);
      detected.writeInbound(Unpooled.copiedBuffer(hello, at, length));
    }
    assertThat(told).containsExactly("TLS", "named db.example.com");
    assertThat(detected.inboundMessages()).isEmpty();

    detected.config().setAutoRead(true);
    detected.read();

    while (detected.readInbound() instanceof ByteBuf part) {
      passedOn.addComponent(true, part);
    }
    assertThat(ByteBufUtil.getBytes(passedOn)).isEqualTo(hello);
    assertThat(detected.pipeline().get(Detector.class)).isNull();
    assertThat(detected.pipeline().get(ServerNameReader.class)).isNull();
    detected.finishAndReleaseAll();
  }

  @Test
  void aMessageWithoutEndIsClosed() {
    receive(new byte[] {22, 3, 1, 0, 4, 1, 0x7f, 0, 0}, 0, 9);

    assertThat(told).containsExactly("gone");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void aClientThatStopsInTheMiddleIsClosedInTime() throws Exception {
    receive(clientHello("a.example.com"), 0, 20);
    channel.advanceTimeBy(ServerNameReader.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();

    assertThat(told).containsExactly("gone");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void aHalfCloseInTheMiddleIsTheEnd() throws Exception {
    receive(clientHello("a.example.com"), 0, 20);
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

    assertThat(told).containsExactly("gone");
    assertThat(channel.isActive()).isFalse();
  }

  private static ServerNameReader.Listener listener(List<String> told) {
    return new ServerNameReader.Listener() {
      @Override
      public void named(String serverName) {
        told.add("named " + serverName);
      }

      @Override
      public void gone(@Nullable Throwable cause) {
        told.add("gone");
      }
    };
  }

  private void receive(byte[] bytes, int start, int length) {
    channel.writeInbound(Unpooled.copiedBuffer(bytes, start, length));
  }

  private byte[] taken() {
    channel
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext ctx, Object message) {
                passedOn.addComponent(true, (ByteBuf) message);
              }

              @Override
              public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                ended |= event == ChannelInputShutdownEvent.INSTANCE;
              }
            });
    channel.config().setAutoRead(true);
    channel.read();
    return ByteBufUtil.getBytes(passedOn);
  }

  private static byte[] clientHello(@Nullable String serverName) throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    if (serverName != null) {
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(serverName)));
      engine.setSSLParameters(parameters);
    }
    ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), hello);
    hello.flip();
    byte[] bytes = new byte[hello.remaining()];
    hello.get(bytes);
    return bytes;
  }
}
