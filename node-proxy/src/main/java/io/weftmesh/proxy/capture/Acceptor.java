package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tcp.Sockets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts at one listener of one pod, within the pod's bounds and the process'.
 *
 * <p>With too many new connections in a second, or no descriptor for one more, the listener rests
 * for a moment: what comes waits in the kernel's queue, where it is safe. With too many open ones
 * the next is reset, since waiting would not help.
 *
 * <p>Confined to the loop that the listener is registered on.
 */
final class Acceptor extends ChannelInboundHandlerAdapter {
  /** Takes an accepted connection on its own loop, with auto-read off. */
  interface Taker {
    void take(EpollSocketChannel accepted);
  }

  private static final Logger log = LoggerFactory.getLogger(Acceptor.class);
  private static final Duration REST_OF_THE_HASTY = Duration.ofMillis(10);
  private static final Duration REST_OF_THE_EXHAUSTED = Duration.ofMillis(200);

  private final CapturedPod pod;
  private final Limit total;
  private final CaptureMetrics metrics;
  private final Taker taker;

  /** Connections that may be accepted at once: a second's worth, refilled as time goes by. */
  private double allowance;

  private long refilledNanos;
  private boolean begun;

  /**
   * @param total bounds the connections of all pods together
   */
  Acceptor(CapturedPod pod, Limit total, CaptureMetrics metrics, Taker taker) {
    this.pod = pod;
    this.total = total;
    this.metrics = metrics;
    this.taker = taker;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    EpollSocketChannel accepted = (EpollSocketChannel) message;
    PodBounds bounds = pod.workload().bounds();
    spend(ctx, bounds.maxNewConnectionsPerSecond());
    if (pod.acceptedChannels() >= bounds.maxConnections()) {
      refuse(accepted, "pod_limit");
      return;
    }
    Limit.Guard place = total.tryAcquire();
    if (place == null) {
      refuse(accepted, "descriptors");
      return;
    }
    take(accepted, place);
  }

  /** A channel that no loop has taken has no close future to rely on: its place is given back. */
  private void take(EpollSocketChannel accepted, Limit.Guard place) {
    accepted.config().setAutoRead(false);
    try {
      Sockets.configure(accepted);
    } catch (ChannelException closedByNow) {
      accepted.unsafe().closeForcibly();
      place.close();
      return;
    }
    pod.loops()
        .next()
        .register(accepted)
        .addListener((ChannelFuture registered) -> {
          if (registered.isSuccess()) {
            accepted.closeFuture().addListener(closed -> place.close());
            pod.trackAccepted(accepted);
            taker.take(accepted);
          } else {
            accepted.unsafe().closeForcibly();
            place.close();
          }
        });
  }

  private void refuse(EpollSocketChannel accepted, String reason) {
    metrics.refused(reason).increment();
    Relay.resetUnregistered(accepted);
  }

  private void spend(ChannelHandlerContext ctx, int perSecond) {
    long now = ctx.executor().ticker().nanoTime();
    double earned = begun ? (now - refilledNanos) * 1e-9 * perSecond : perSecond;
    begun = true;
    refilledNanos = now;
    allowance = Math.min(perSecond, allowance + earned) - 1;
    if (allowance < 0) {
      metrics.acceptsThrottled.increment();
      Duration earning = Duration.ofNanos((long) (-allowance / perSecond * 1e9));
      rest(ctx, earning.compareTo(REST_OF_THE_HASTY) > 0 ? earning : REST_OF_THE_HASTY);
    }
  }

  /** Accepting has failed: descriptors may have run out. Others are served until some are back. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!ctx.channel().isOpen() || !ctx.channel().config().isAutoRead()) {
      return;
    }
    metrics.acceptsPaused.increment();
    log.warn(
        "{} accepts nothing for {} ms: {}",
        pod,
        REST_OF_THE_EXHAUSTED.toMillis(),
        String.valueOf(cause));
    rest(ctx, REST_OF_THE_EXHAUSTED);
  }

  private static void rest(ChannelHandlerContext ctx, Duration time) {
    Channel listener = ctx.channel();
    if (listener.config().isAutoRead()) {
      listener.config().setAutoRead(false);
      ctx.executor()
          .schedule(
              () -> listener.config().setAutoRead(true), time.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
