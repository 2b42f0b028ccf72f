package io.weftmesh.proxy.tcp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DetectorTest {
  private final List<String> told = new ArrayList<>();
  private final List<String> passedOn = new ArrayList<>();
  private final Detector detector = new Detector(new Recording(), true);
  private final EmbeddedChannel channel = new EmbeddedChannel();

  DetectorTest() {
    channel.freezeTime();
    channel.pipeline().addLast(detector);
  }

  @AfterEach
  void nothingIsLeftBehind() {
    channel.finishAndReleaseAll();
    channel.checkException();
  }

  @Test
  void stopsReadingWhenItKnows() {
    receive("GET / HT");
    assertThat(told).isEmpty();
    assertThat(channel.config().isAutoRead()).isTrue();

    receive("TP/1.1\r\nHost: a\r\n\r\n");

    assertThat(told).containsExactly("HTTP1");
    assertThat(channel.config().isAutoRead()).isFalse();
  }

  @Test
  void handsTheBytesOverInOrderWhenReadingIsTurnedOn() {
    receive("GET / HT");
    receive("TP/1.1\r\n");

    takeOver();

    assertThat(passedOn).containsExactly("GET / HT", "TP/1.1\r\n", "complete");
    assertThat(channel.pipeline().get(Detector.class)).isNull();
  }

  @Test
  void handsOverWhatArrivedAfterTheDecisionToo() {
    receive("\u0000");
    receive("late");

    takeOver();

    assertThat(passedOn).containsExactly("\u0000", "late", "complete");
  }

  @Test
  void handsTheHalfCloseOverBehindTheBytes() {
    receive("GE");
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    assertThat(told).containsExactly("OPAQUE");

    takeOver();

    assertThat(passedOn).containsExactly("GE", "complete", "end");
  }

  @Test
  void tellsAfterTenMillisecondsThatTheClientIsSilent() {
    advance(9);
    assertThat(told).isEmpty();

    advance(1);
    assertThat(told).containsExactly("silent");

    receive("GET / HTTP/1.1\r\n");
    assertThat(told).containsExactly("silent", "HTTP1");
  }

  @Test
  void neverCallsAClientSilentThatHasSpoken() {
    receive("GE");

    advance(500);

    assertThat(told).isEmpty();
  }

  @Test
  void neverCallsAClientSilentWhereTheServerCannotSpeakFirst() {
    channel.pipeline().remove(detector);
    channel.pipeline().addLast(new Detector(new Recording(), false));

    advance(60_000);

    assertThat(told).isEmpty();
  }

  @Test
  void takesAGreetingOfLettersForBytesAfterAWhile() {
    advance(10);
    receive("NICE");
    advance(999);
    assertThat(told).containsExactly("silent");

    advance(1);

    assertThat(told).containsExactly("silent", "OPAQUE");
  }

  @Test
  void isSettledByTheServerSpeakingFirst() {
    advance(10);
    detector.settle(Protocol.OPAQUE);
    detector.settle(Protocol.HTTP1);

    assertThat(told).containsExactly("silent", "OPAQUE");
    assertThat(channel.config().isAutoRead()).isFalse();
  }

  @Test
  void tellsThatTheClientIsGoneAndReleasesItsBytes() {
    ByteBuf bytes = Unpooled.copiedBuffer("GE", US_ASCII);
    channel.writeInbound(bytes);

    channel.close();

    assertThat(told).containsExactly("gone");
    assertThat(bytes.refCnt()).isZero();
    advance(60_000);
    assertThat(told).containsExactly("gone");
  }

  @Test
  void tellsThatTheClientReset() {
    channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));

    assertThat(told).containsExactly("gone: Connection reset by peer");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void releasesTheBytesOfAConnectionThatNobodyTookOver() {
    ByteBuf bytes = Unpooled.copiedBuffer("\u0000", US_ASCII);
    channel.writeInbound(bytes);
    assertThat(told).containsExactly("OPAQUE");

    channel.close();

    assertThat(bytes.refCnt()).isZero();
    assertThat(told).containsExactly("OPAQUE");
  }

  private void takeOver() {
    channel.pipeline().addLast(new Passed());
    channel.config().setAutoRead(true);
  }

  private void receive(String bytes) {
    channel.writeInbound(Unpooled.copiedBuffer(bytes, US_ASCII));
  }

  private void advance(long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
  }

  private final class Recording implements Detector.Listener {
    @Override
    public void detected(Protocol protocol) {
      told.add(protocol.toString());
    }

    @Override
    public void silent() {
      told.add("silent");
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      told.add(cause == null ? "gone" : "gone: " + cause.getMessage());
    }
  }

  private final class Passed extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      var bytes = (ByteBuf) message;
      passedOn.add(bytes.toString(US_ASCII));
      bytes.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      passedOn.add("complete");
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      passedOn.add("end");
    }
  }
}
