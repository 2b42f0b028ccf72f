package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.weftmesh.proxy.tcp.Sockets;
import io.weftmesh.proxy.tunnel.OwnPorts;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Listeners;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pod's three listening sockets at work: each is polled by one loop of the pod's shard, and what
 * it accepts is spread over all of them.
 *
 * <p>The descriptors that came from the redirector are kept apart from the channels, which have
 * duplicates: after a restart the redirector gets the very listeners back. Closing never shuts a
 * socket down, because another process may accept from it, now or later.
 */
final class PodListeners {
  private static final Logger log = LoggerFactory.getLogger(PodListeners.class);
  private static final int ACCEPT_PAUSE_MILLIS = 200;

  private final CapturedPod pod;
  private final Connections connections;
  private final CaptureMetrics metrics;
  private final Listeners held;
  private final List<Channel> channels = new ArrayList<>();

  PodListeners(CapturedPod pod, Listeners held, Connections connections, CaptureMetrics metrics) {
    this.pod = pod;
    this.held = held;
    this.connections = connections;
    this.metrics = metrics;
  }

  /** The listeners to show to a redirector that was restarted. */
  Listeners held() {
    return held;
  }

  /** Begins to accept; any thread but a loop. */
  void open() throws IOException {
    accept(held.outbound(), this::outbound);
    accept(held.inbound(), this::inbound);
    accept(held.tunnel(), accepted -> connections.tunnel(pod, accepted));
  }

  /** Accepts nothing more. What waits in the queues is left to whoever else holds the sockets. */
  void close() {
    channels.forEach(Channel::close);
    held.close();
  }

  private void accept(Descriptor listener, Taker taker) throws IOException {
    EpollServerSocketChannel channel = new EpollServerSocketChannel(listener.duplicate().take());
    channel.pipeline().addLast(new Acceptor(taker));
    channels.add(channel);
    pod.loops().next().register(channel);
  }

  private void outbound(EpollSocketChannel accepted) {
    InetSocketAddress destination = destination(accepted);
    if (destination != null) {
      connections.outbound(pod, accepted, destination);
    }
  }

  private void inbound(EpollSocketChannel accepted) {
    InetSocketAddress destination = destination(accepted);
    if (destination != null) {
      connections.inbound(pod, accepted, destination);
    }
  }

  /**
   * Where a redirected connection was going; null, and the connection is closed, when it came to
   * the listener by itself: whoever does that would have the proxy call itself.
   */
  private @Nullable InetSocketAddress destination(EpollSocketChannel accepted) {
    InetSocketAddress destination = OriginalDestination.of(accepted);
    if (destination == null || isProxy(destination)) {
      metrics.refused("not_redirected").increment();
      log.debug("{} came to a proxy port of {} directly", accepted.remoteAddress(), pod);
      reset(accepted);
      return null;
    }
    return destination;
  }

  private boolean isProxy(InetSocketAddress destination) {
    return OwnPorts.contains(destination.getPort())
        && (pod.workload().addresses().contains(destination.getAddress())
            || destination.getAddress().isLoopbackAddress());
  }

  private static void reset(EpollSocketChannel accepted) {
    accepted.config().setSoLinger(0);
    accepted.close();
  }

  /** Takes an accepted connection on its own loop. */
  private interface Taker {
    void take(EpollSocketChannel accepted);
  }

  private final class Acceptor extends ChannelInboundHandlerAdapter {
    private final Taker taker;

    Acceptor(Taker taker) {
      this.taker = taker;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      EpollSocketChannel accepted = (EpollSocketChannel) message;
      accepted.config().setAutoRead(false);
      EventLoop loop = pod.loops().next();
      try {
        Sockets.configure(accepted);
      } catch (io.netty.channel.ChannelException closedByNow) {
        accepted.unsafe().closeForcibly();
        return;
      }
      pod.track(accepted);
      loop.register(accepted)
          .addListener((ChannelFuture registered) -> {
            if (registered.isSuccess()) {
              taker.take(accepted);
            } else {
              accepted.unsafe().closeForcibly();
            }
          });
    }

    /**
     * Accepting has failed: descriptors may have run out. Others are served until some are back.
     */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      Channel listener = ctx.channel();
      if (!listener.config().isAutoRead()) {
        return;
      }
      metrics.acceptsPaused.increment();
      log.warn("{} accepts nothing for {} ms: {}", pod, ACCEPT_PAUSE_MILLIS, String.valueOf(cause));
      listener.config().setAutoRead(false);
      ctx.executor()
          .schedule(
              () -> listener.config().setAutoRead(true),
              ACCEPT_PAUSE_MILLIS,
              TimeUnit.MILLISECONDS);
    }
  }
}
