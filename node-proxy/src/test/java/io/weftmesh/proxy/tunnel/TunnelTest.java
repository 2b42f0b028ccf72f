package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Promise;
import io.weftmesh.proxy.tunnel.EmbeddedTunnel.Application;
import io.weftmesh.proxy.tunnel.EmbeddedTunnel.Pair;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TunnelTest {
  private final EmbeddedTunnel tunnel = new EmbeddedTunnel();

  // ---- liveness

  @Test
  void isDeadWhenNothingHasComeForTwoPings() {
    Pair pair = tunnel.openAccepted();
    Recorder atClient = Recorder.on(pair.client());
    tunnel.pass(10);
    assertThat(tunnel.client.isActive()).isTrue();
    tunnel.cut();
    // The ping that is sent now is the first without an answer.
    tunnel.pass(10);
    tunnel.pass(10);
    assertThat(tunnel.client.isActive()).isTrue();
    tunnel.pass(10);
    assertThat(tunnel.client.isActive()).isFalse();
    assertThat(atClient.failed.getNow(null))
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("was lost: nothing came for PT20S");
    tunnel.closeAndCheck();
  }

  @Test
  void livesOnPings() {
    tunnel.openAccepted();
    for (int i = 0; i < 20; i++) {
      tunnel.pass(10);
    }
    assertThat(tunnel.client.isActive()).isTrue();
    assertThat(tunnel.server.isActive()).isTrue();
    tunnel.closeAndCheck();
  }

  @Test
  void isClosedByItsOpenerWhenIdle() {
    for (int i = 0; i < 5; i++) {
      tunnel.pass(10);
    }
    assertThat(tunnel.client.isActive()).isTrue();
    tunnel.pass(10);
    assertThat(tunnel.client.isActive()).isFalse();
    assertThat(tunnel.clientTunnel.isRetired()).isTrue();
    tunnel.closeAndCheck();
  }

  // ---- GOAWAY

  @Test
  void drainsInTwoStepsAndLetsStreamsFinish() {
    Pair before = tunnel.openAccepted();
    tunnel.serverTunnel.drain();
    // Asked for before the client has heard of it: served.
    Promise<DuplexChannel> crossing = tunnel.open();
    tunnel.pump();
    assertThat(tunnel.clientTunnel.isRetired()).isTrue();
    tunnel.dials.getLast().setSuccess(new Application());
    tunnel.pump();
    assertThat(crossing.isSuccess()).isTrue();
    assertThat(tunnel.server.isActive()).isTrue();

    for (DuplexChannel stream :
        List.of(before.client(), before.server(), crossing.getNow(), tunnel.served.getLast())) {
      stream.shutdownOutput();
    }
    tunnel.pump();
    assertThat(tunnel.client.isActive()).isFalse();
    assertThat(tunnel.again).isEmpty();
    tunnel.closeAndCheck();
  }

  @Test
  void asksElsewhereForStreamsThatThePeerHasNotSeen() {
    tunnel.openAccepted();
    tunnel.serverTunnel.drain();
    while (tunnel.step(tunnel.server, tunnel.client)) {
      // Both GOAWAYs, and on the way a ping and its answer.
      tunnel.step(tunnel.client, tunnel.server);
    }
    assertThat(tunnel.clientTunnel.isRetired()).isTrue();
    assertThat(tunnel.clientTunnel.hasRoom()).isFalse();
    Promise<DuplexChannel> late = tunnel.open();
    tunnel.pump();
    assertThat(tunnel.again).hasSize(1);
    assertThat(late.isDone()).isFalse();
    tunnel.closeAndCheck();
  }

  @Test
  void closesWithItsLastStreamOnceRetired() {
    Pair pair = tunnel.openAccepted();
    tunnel.clientTunnel.retire();
    tunnel.pump();
    assertThat(tunnel.client.isActive()).isTrue();
    pair.client().shutdownOutput();
    pair.server().shutdownOutput();
    tunnel.pump();
    assertThat(tunnel.client.isActive()).isFalse();
    tunnel.closeAndCheck();
  }

  // ---- bounds

  @Test
  void givesNoMoreCreditThanTheReaderTook() {
    Pair pair = tunnel.openAccepted();
    long sent = writeUntilRefused(pair.client());
    assertThat(sent).isBetween(4L << 20, (4L << 20) + (300 << 10));
    assertThat(tunnel.allocator.metric().usedHeapMemory()).isLessThan(10L << 20);
    // Nothing more moves, whatever time passes.
    tunnel.pass(5);
    assertThat(pair.client().isWritable()).isFalse();

    Recorder atServer = Recorder.on(pair.server());
    pair.server().config().setAutoRead(true);
    tunnel.pump();
    assertThat(atServer.bytes).hasValue(sent);
    assertThat(pair.client().isWritable()).isTrue();
    tunnel.closeAndCheck();
  }

  @Test
  void keepsTinyFramesCheap() {
    Pair pair = tunnel.openAccepted();
    long before = tunnel.allocator.metric().usedHeapMemory();
    for (int i = 0; i < 20_000; i++) {
      pair.client().writeAndFlush(tunnel.bytes(1));
      if (i % 100 == 0) {
        tunnel.pump();
      }
    }
    tunnel.pump();
    assertThat(tunnel.allocator.metric().usedHeapMemory() - before).isLessThan(100_000);
    tunnel.closeAndCheck();
  }

  @Test
  void boundsWhatEndedStreamsLeaveUnread() {
    List<Pair> pairs = new ArrayList<>();
    long total = 0;
    for (int i = 0; i < 10; i++) {
      Pair pair = tunnel.openAccepted();
      pair.server().shutdownOutput();
      tunnel.pump();
      total += writeUntilRefused(pair.client());
      pair.client().shutdownOutput();
      tunnel.pump();
      pairs.add(pair);
    }
    assertThat(total).isLessThan(40L << 20);
    long unread = tunnel.allocator.metric().usedHeapMemory();
    assertThat(unread).isLessThan(48L << 20);

    for (Pair pair : pairs) {
      Recorder.on(pair.server());
      pair.server().config().setAutoRead(true);
    }
    tunnel.pump();
    Pair fresh = tunnel.openAccepted();
    assertThat(writeUntilRefused(fresh.client())).isGreaterThanOrEqualTo(4L << 20);
    tunnel.closeAndCheck();
  }

  @Test
  void deliversWhatCameEvenWhenTheTunnelHasDiedSince() {
    Pair pair = tunnel.openAccepted();
    pair.server().shutdownOutput();
    pair.client().writeAndFlush(tunnel.bytes(100_000));
    pair.client().shutdownOutput();
    tunnel.pump();
    tunnel.client.close();
    tunnel.server.close();
    tunnel.pump();
    Recorder atServer = Recorder.on(pair.server());
    pair.server().config().setAutoRead(true);
    tunnel.server.runPendingTasks();
    assertThat(atServer.bytes).hasValue(100_000);
    assertThat(atServer.ended).isDone();
    tunnel.closeAndCheck();
  }

  private long writeUntilRefused(TunnelStream stream) {
    long sent = 0;
    while (stream.isWritable()) {
      stream.writeAndFlush(tunnel.bytes(32 << 10));
      sent += 32 << 10;
      tunnel.pump();
    }
    return sent;
  }

  // ---- one flush a turn

  @Test
  void flushesOnceForAllStreamsOfATurn() {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      pairs.add(tunnel.openAccepted());
    }
    tunnel.client.runPendingTasks();
    int before = tunnel.clientFlushes.count;
    tunnel.inOneTurnOfTheClient(
        () -> pairs.forEach(pair -> pair.client().writeAndFlush(tunnel.bytes(100))));
    assertThat(tunnel.clientFlushes.count - before).isEqualTo(1);
    tunnel.pump();
    tunnel.closeAndCheck();
  }

  // ---- ends

  @Test
  void resetsWhenClosedWithBytesUnread() {
    Pair pair = tunnel.openAccepted();
    Recorder atClient = Recorder.on(pair.client());
    pair.client().writeAndFlush(tunnel.bytes(1000));
    tunnel.pump();
    pair.server().close();
    tunnel.pump();
    assertThat(atClient.failed.getNow(null)).hasMessageContaining("CONNECT_ERROR");
    tunnel.closeAndCheck();
  }

  @Test
  void forgetsAClosedStreamWhosePeerNeverEnds() {
    Pair pair = tunnel.openAccepted();
    Recorder.on(pair.client());
    pair.server().close();
    tunnel.pump();
    assertThat(tunnel.serverTunnel.openStreams()).isEqualTo(1);
    tunnel.pass(10);
    tunnel.pass(10);
    assertThat(tunnel.serverTunnel.openStreams()).isZero();
    assertThat(pair.client().isOpen()).isFalse();
    tunnel.closeAndCheck();
  }

  @Test
  void failsARequestThatNobodyAnswers() {
    Promise<DuplexChannel> promise = tunnel.open();
    tunnel.pump();
    tunnel.pass(10);
    tunnel.pass(10);
    assertThat(promise.cause())
        .isInstanceOfSatisfying(
            Unreachable.class,
            cause -> assertThat(cause.reason()).isEqualTo(Unreachable.Reason.TIMED_OUT));
    assertThat(tunnel.dials.getLast().isCancelled()).isTrue();
    tunnel.closeAndCheck();
  }

  @Test
  void closesTheApplicationThatAnsweredTooLate() {
    Promise<DuplexChannel> promise = tunnel.open();
    tunnel.pump();
    tunnel.dials.getLast().setUncancellable();
    promise.cancel(false);
    tunnel.pump();
    Application application = new Application();
    tunnel.dials.getLast().setSuccess(application);
    tunnel.pump();
    assertThat(application.isOpen()).isFalse();
    assertThat(tunnel.served).isEmpty();
    tunnel.closeAndCheck();
  }

  // ---- nothing leaks, whatever ends when

  /** How far a stream gets before something ends it. */
  enum Step {
    ASKED,
    DIALLED,
    EARLY_BYTES,
    ACCEPTED,
    BYTES_UNREAD,
    BYTES_READ,
    WINDOW_FULL,
    HALF_CLOSED,
    HALF_CLOSED_UNREAD
  }

  /** What ends it. */
  enum End {
    CLIENT_RESETS,
    SERVER_RESETS,
    CLIENT_CLOSES,
    SERVER_CLOSES,
    BOTH_RESET;

    void apply(Pair pair) {
      switch (this) {
        case CLIENT_RESETS -> reset(pair.client());
        case SERVER_RESETS -> reset(pair.server());
        case CLIENT_CLOSES -> pair.client().close();
        case SERVER_CLOSES -> pair.server().close();
        case BOTH_RESET -> {
          reset(pair.client());
          reset(pair.server());
        }
      }
    }

    private static void reset(DuplexChannel stream) {
      stream.config().setOption(ChannelOption.SO_LINGER, 0);
      stream.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void leaksNothingWhoeverEndsAStreamAndWhen(End end) {
    for (Step step : Step.values()) {
      EmbeddedTunnel each = new EmbeddedTunnel();
      if (step.compareTo(Step.ACCEPTED) >= 0) {
        Pair pair = each.openAccepted();
        Recorder.on(pair.client());
        Recorder.on(pair.server());
        bring(each, pair, step);
        end.apply(pair);
        pair.client().writeAndFlush(each.bytes(10));
        pair.server().writeAndFlush(each.bytes(10));
      } else {
        Promise<DuplexChannel> promise = each.open();
        if (step != Step.ASKED) {
          each.pump();
        }
        promise.cancel(false);
      }
      each.pump();
      each.pass(10);
      each.pass(10);
      assertThat(each.clientTunnel.openStreams()).as("%s, %s", step, end).isZero();
      assertThat(each.serverTunnel.openStreams()).as("%s, %s", step, end).isZero();
      each.closeAndCheck();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void leaksNothingWhenTheTunnelDies(boolean clientSide) {
    for (Step step : Step.values()) {
      EmbeddedTunnel each = new EmbeddedTunnel();
      Promise<DuplexChannel> promise = null;
      if (step.compareTo(Step.ACCEPTED) >= 0) {
        Pair pair = each.openAccepted();
        Recorder.on(pair.client());
        Recorder.on(pair.server());
        bring(each, pair, step);
      } else {
        promise = each.open();
        each.pump();
      }
      (clientSide ? each.client : each.server).close();
      each.pump();
      (clientSide ? each.server : each.client).close();
      if (promise != null) {
        assertThat(promise.cause()).isInstanceOf(Unreachable.class);
      }
      each.closeAndCheck();
    }
  }

  private static void bring(EmbeddedTunnel tunnel, Pair pair, Step step) {
    switch (step) {
      case BYTES_UNREAD -> {
        pair.client().writeAndFlush(tunnel.bytes(50_000));
        pair.server().writeAndFlush(tunnel.bytes(100));
      }
      case BYTES_READ -> {
        pair.server().config().setAutoRead(true);
        pair.client().writeAndFlush(tunnel.bytes(50_000));
      }
      case WINDOW_FULL -> {
        for (int i = 0; i < 200; i++) {
          pair.client().writeAndFlush(tunnel.bytes(32 << 10));
        }
      }
      case HALF_CLOSED -> {
        pair.server().config().setAutoRead(true);
        pair.client().shutdownOutput();
      }
      case HALF_CLOSED_UNREAD -> {
        pair.client().writeAndFlush(tunnel.bytes(1000));
        pair.client().shutdownOutput();
      }
      default -> {}
    }
    tunnel.pump();
  }
}
