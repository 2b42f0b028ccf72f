package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tcp.Sockets;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.OwnPorts;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A captured pod of this node, from its opening to its release: who it is, the loops that carry it,
 * and the sockets in its network namespace. Thread-safe.
 */
public final class CapturedPod implements LocalPod {
  private static final int CONNECT_TIMEOUT_MILLIS = 3_000;

  private final SpiffeId identity;
  private final LoopShard loops;
  private final CaptureMetrics metrics;
  private final LeasedSockets ipv4;
  private final LeasedSockets ipv6;
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final AtomicInteger acceptedChannels = new AtomicInteger();
  private volatile Runnable whenIdle = () -> {};
  private volatile Workload workload;
  private volatile @Nullable InboundPolicy lastPolicy;
  private volatile boolean leaving;
  private volatile boolean closed;

  CapturedPod(
      Workload workload,
      SpiffeId identity,
      LoopShard loops,
      LeasedSockets.Lessor lessor,
      CaptureMetrics metrics) {
    this.workload = workload;
    this.identity = identity;
    this.loops = loops;
    this.metrics = metrics;
    this.ipv4 = new LeasedSockets(Family.IPV4, lessor, metrics);
    this.ipv6 = new LeasedSockets(Family.IPV6, lessor, metrics);
  }

  @Override
  public Workload workload() {
    return workload;
  }

  @Override
  public SpiffeId identity() {
    return identity;
  }

  @Override
  public boolean isLeaving() {
    return leaving;
  }

  @Override
  public @Nullable InboundPolicy inbound(Snapshot snapshot) {
    InboundPolicy now = snapshot.inbound(workload.uid());
    return now != null || leaving ? now : lastPolicy;
  }

  void setLeaving(boolean leaves) {
    leaving = leaves;
  }

  @Override
  public Future<DuplexChannel> connect(
      EventLoop loop, InetSocketAddress remote, @Nullable InetAddress source) {
    Promise<DuplexChannel> connected = loop.newPromise();
    if (isOwnListener(remote)) {
      metrics.refused("loop").increment();
      return connected.setFailure(
          new ConnectException(
              remote + " is the proxy itself in pod " + workload + "; it never calls itself"));
    }
    LeasedSockets sockets = remote.getAddress().getAddress().length == 4 ? ipv4 : ipv6;
    CompletableFuture<Descriptor> socket = sockets.take();
    socket.whenComplete((descriptor, failure) -> {
      if (descriptor == null) {
        fail(connected, notLeased(remote, failure));
        return;
      }
      try {
        loop.execute(() -> connect(loop, descriptor, remote, source, connected));
      } catch (RejectedExecutionException ending) {
        descriptor.close();
        fail(connected, notLeased(remote, ending));
      }
    });
    connected.addListener(done -> {
      if (done.isCancelled()) {
        socket.cancel(false);
      }
    });
    return connected;
  }

  /** The connections that are open in the pod's namespace, accepted or made. */
  int openChannels() {
    return channels.size();
  }

  /** Calls {@code action}, on any thread, whenever the last open connection has closed. */
  void whenIdle(Runnable action) {
    whenIdle = action;
  }

  LoopShard loops() {
    return loops;
  }

  /**
   * Takes over what the pod is now.
   *
   * @param policy null when the snapshot has none any more, and the last one stays in force
   */
  void update(Workload now, @Nullable InboundPolicy policy) {
    workload = now;
    if (policy != null) {
      lastPolicy = policy;
    }
  }

  /** Of the connections that are open in the pod's namespace, those that were accepted. */
  int acceptedChannels() {
    return acceptedChannels.get();
  }

  /** As {@link #track}, for one that was accepted. */
  void trackAccepted(Channel channel) {
    acceptedChannels.incrementAndGet();
    channel.closeFuture().addListener(closed -> acceptedChannels.decrementAndGet());
    track(channel);
  }

  /**
   * Counts a channel in the pod's namespace until it is closed; closes it if the pod is gone.
   *
   * @param channel registered with its loop: one that isn't can't be closed
   */
  void track(Channel channel) {
    channels.add(channel);
    metrics.openChannels.add(1);
    channel.closeFuture().addListener(ignored -> untrack(channel));
    if (closed) {
      channel.close();
    }
  }

  /** Gives back sockets that nobody has needed for a while. */
  void trim() {
    ipv4.trim();
    ipv6.trim();
  }

  /** Closes every connection and every leased socket. */
  void close() {
    closed = true;
    ipv4.close();
    ipv6.close();
    channels.forEach(Channel::close);
  }

  private void connect(
      EventLoop loop,
      Descriptor descriptor,
      InetSocketAddress remote,
      @Nullable InetAddress source,
      Promise<DuplexChannel> connected) {
    if (connected.isCancelled() || closed) {
      descriptor.close();
      fail(connected, new ConnectException("pod " + workload + " is being released"));
      return;
    }
    // Netty takes a descriptor for a connected socket, and tells the pipeline so at registration:
    // nothing is in the pipeline, and nothing is read, before it is true.
    EpollSocketChannel channel = new EpollSocketChannel(descriptor.take());
    channel.config().setAutoRead(false);
    channel.config().setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
    Sockets.configure(channel);
    loop.register(channel)
        .addListener((ChannelFuture registered) -> {
          if (!registered.isSuccess()) {
            channel.unsafe().closeForcibly();
            fail(connected, registered.cause());
            return;
          }
          track(channel);
          InetSocketAddress local = source == null ? null : new InetSocketAddress(source, 0);
          channel
              .connect(remote, local)
              .addListener(done -> {
                if (!done.isSuccess()) {
                  // Netty leaves it open, with its descriptor; a Bootstrap would do this.
                  channel.close();
                  fail(connected, done.cause());
                } else if (!connected.trySuccess(channel)) {
                  channel.close();
                }
              });
        });
    connected.addListener(done -> {
      if (done.isCancelled()) {
        channel.close();
      }
    });
  }

  private void untrack(Channel channel) {
    if (channels.remove(channel)) {
      metrics.openChannels.add(-1);
      if (channels.isEmpty()) {
        whenIdle.run();
      }
    }
  }

  private boolean isOwnListener(InetSocketAddress remote) {
    return OwnPorts.contains(remote.getPort())
        && (workload.addresses().contains(remote.getAddress())
            || remote.getAddress().isLoopbackAddress()
            || remote.getAddress().isAnyLocalAddress());
  }

  private Unreachable notLeased(InetSocketAddress remote, @Nullable Throwable failure) {
    return new Unreachable(
        Unreachable.Reason.NO_SOCKET,
        "no socket in the network namespace of pod "
            + workload
            + " for "
            + remote
            + "; is the redirector of this node running?",
        failure);
  }

  private static void fail(Promise<DuplexChannel> connected, Throwable failure) {
    connected.tryFailure(failure);
  }

  @Override
  public String toString() {
    return workload.toString();
  }
}
