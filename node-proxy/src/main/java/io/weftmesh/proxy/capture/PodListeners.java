package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.OwnPorts;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Listeners;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
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

  private final CapturedPod pod;
  private final Connections connections;
  private final Limit total;
  private final CaptureMetrics metrics;
  private final Listeners held;
  private final List<Channel> channels = new ArrayList<>();

  /**
   * @param total bounds the connections of all pods together
   */
  PodListeners(
      CapturedPod pod,
      Listeners held,
      Connections connections,
      Limit total,
      CaptureMetrics metrics) {
    this.pod = pod;
    this.held = held;
    this.connections = connections;
    this.total = total;
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

  private void accept(Descriptor listener, Acceptor.Taker taker) throws IOException {
    EpollServerSocketChannel channel = new EpollServerSocketChannel(listener.duplicate().take());
    channel.pipeline().addLast(new Acceptor(pod, total, metrics, taker));
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
   * the listener by itself: whoever does that would have the proxy call itself. A connection of the
   * proxy's own is never redirected, so one that went to an address of the pod that nobody told the
   * proxy of ends here too.
   */
  private @Nullable InetSocketAddress destination(EpollSocketChannel accepted) {
    InetSocketAddress destination = OriginalDestination.of(accepted);
    if (destination == null
        || destination.equals(accepted.localAddress())
        || isProxy(destination)) {
      metrics.refused("not_redirected").increment();
      log.debug("{} came to a proxy port of {} directly", accepted.remoteAddress(), pod);
      Relay.reset(accepted);
      return null;
    }
    return destination;
  }

  private boolean isProxy(InetSocketAddress destination) {
    return OwnPorts.contains(destination.getPort())
        && (pod.workload().addresses().contains(destination.getAddress())
            || destination.getAddress().isLoopbackAddress());
  }
}
