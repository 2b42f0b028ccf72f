package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A stream of a tunnel does what a socket does, so that whoever relays needn't know. */
@Timeout(60)
class DuplexParityTest {
  private static final long BIG = 48L << 20;

  @ParameterizedTest
  @EnumSource
  void carriesEveryByteBothWaysAtOnce(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      Recorder atClient = Recorder.on(pair.client());
      pair.server().config().setAutoRead(true);
      pair.client().config().setAutoRead(true);
      CompletableFuture<String> up = Sender.send(pair.client(), BIG);
      CompletableFuture<String> down = Sender.send(pair.server(), BIG);
      atServer.awaitEnd();
      atClient.awaitEnd();
      assertThat(atServer.sha256Hex()).isEqualTo(up.get(10, TimeUnit.SECONDS));
      assertThat(atClient.sha256Hex()).isEqualTo(down.get(10, TimeUnit.SECONDS));
      assertThat(atClient.bytes).hasValue(BIG);
    }
  }

  @ParameterizedTest
  @EnumSource
  void keepsTheOtherDirectionAfterOneHasEnded(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      Recorder atClient = Recorder.on(pair.client());
      pair.server().config().setAutoRead(true);
      pair.client().config().setAutoRead(true);
      Sender.send(pair.client(), 10);
      atServer.awaitEnd();
      assertThat(atServer.bytes).hasValue(10);
      assertThat(pair.server().isInputShutdown()).isTrue();
      assertThat(atClient.ended).isNotDone();

      CompletableFuture<String> down = Sender.send(pair.server(), 1 << 20);
      atClient.awaitEnd();
      assertThat(atClient.sha256Hex()).isEqualTo(down.get(10, TimeUnit.SECONDS));
      assertThat(atServer.inactive).isNotDone();
      assertThat(atServer.failed).isNotDone();
    }
  }

  @ParameterizedTest
  @EnumSource
  void holdsTheWriterWhileNobodyReads(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      CompletableFuture<String> sent = Sender.send(pair.client(), BIG);
      org.awaitility.Awaitility.await()
          .atMost(20, TimeUnit.SECONDS)
          .until(() ->
              !pair.client()
                      .eventLoop()
                      .submit(() -> pair.client().unsafe().outboundBuffer().isEmpty())
                      .get()
                  && !sent.isDone());
      assertThat(atServer.bytes).hasValue(0);
      pair.server().config().setAutoRead(true);
      atServer.awaitEnd();
      assertThat(atServer.sha256Hex()).isEqualTo(sent.get(10, TimeUnit.SECONDS));
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsOnlyAsOftenAsAsked(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      CompletableFuture<String> sent = Sender.send(pair.client(), 200_000);
      sent.get(10, TimeUnit.SECONDS);
      assertThat(atServer.bytes).hasValue(0);
      org.awaitility.Awaitility.await()
          .atMost(20, TimeUnit.SECONDS)
          .until(() -> {
            pair.server().read();
            return atServer.ended.isDone();
          });
      assertThat(atServer.bytes).hasValue(200_000);
    }
  }

  @ParameterizedTest
  @EnumSource
  void resetsWhenClosedWithoutLinger(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      pair.server().config().setAutoRead(true);
      pair.client().config().setOption(ChannelOption.SO_LINGER, 0);
      pair.client().close().sync();
      atServer.awaitReset();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsWhenClosed(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      pair.server().config().setAutoRead(true);
      pair.client().writeAndFlush(Unpooled.copiedBuffer(new byte[100])).sync();
      pair.client().close().sync();
      atServer.awaitEnd();
      assertThat(atServer.bytes).hasValue(100);
      assertThat(atServer.failed).isNotDone();
    }
  }

  @ParameterizedTest
  @EnumSource
  void resetsWhenTheyWriteToWhatWasClosed(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      Recorder atServer = Recorder.on(pair.server());
      pair.server().config().setAutoRead(true);
      pair.client().close().sync();
      atServer.awaitEnd();
      org.awaitility.Awaitility.await()
          .atMost(10, TimeUnit.SECONDS)
          .until(() -> {
            pair.server().writeAndFlush(Unpooled.copiedBuffer(new byte[100]));
            return !pair.server().isOpen();
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void failsWritesAfterTheOutputWasEnded(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      pair.client().shutdownOutput().sync();
      assertThat(pair.client().isOutputShutdown()).isTrue();
      ChannelFuture late = pair.client().writeAndFlush(Unpooled.copiedBuffer(new byte[1]));
      assertThat(late.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(late.cause())
          .isInstanceOfAny(ChannelOutputShutdownException.class, ClosedChannelException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void closesByItselfWhereHalfClosureIsOff(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      pair.server().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
      Recorder atServer = Recorder.on(pair.server());
      pair.server().config().setAutoRead(true);
      pair.client().shutdownOutput().sync();
      atServer.inactive.get(10, TimeUnit.SECONDS);
      assertThat(atServer.ended).isNotDone();
    }
  }

  @ParameterizedTest
  @EnumSource
  void failsWhatIsUnsentWhenReset(DuplexPair.Kind kind) throws Exception {
    try (DuplexPair pair = kind.open()) {
      CompletableFuture<String> sent = Sender.send(pair.client(), BIG);
      DuplexChannel server = pair.server();
      Recorder atClient = Recorder.on(pair.client());
      pair.client().config().setAutoRead(true);
      server.config().setOption(ChannelOption.SO_LINGER, 0);
      server.close().sync();
      atClient.inactive.get(10, TimeUnit.SECONDS);
      assertThatThrownBy(() -> sent.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(Exception.class);
    }
  }
}
