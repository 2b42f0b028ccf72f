package io.weftmesh.proxy.capture;

import io.netty.channel.ChannelHandler;
import io.netty.channel.socket.SocketChannel;
import io.weftmesh.proxy.tunnel.HboneServer;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Gives each accepted connection to the part of the data plane that it is for. Thread-safe. */
public final class PodConnections implements Connections {
  private final OutboundConnections outbound;
  private final InboundConnections inbound;
  private final HboneServer hbone;
  private final Map<CapturedPod, ChannelHandler> initializers = new ConcurrentHashMap<>();

  public PodConnections(
      OutboundConnections outbound, InboundConnections inbound, HboneServer hbone) {
    this.outbound = outbound;
    this.inbound = inbound;
    this.hbone = hbone;
  }

  @Override
  public void outbound(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination) {
    outbound.accept(pod, accepted, destination);
  }

  @Override
  public void inbound(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination) {
    inbound.accept(pod, accepted, destination);
  }

  @Override
  public void tunnel(CapturedPod pod, SocketChannel accepted) {
    accepted.pipeline().addLast(initializers.computeIfAbsent(pod, hbone::initializer));
    accepted.config().setAutoRead(true);
  }

  /** Forgets a pod that has left. */
  public void forget(CapturedPod pod) {
    initializers.remove(pod);
    outbound.forget(pod);
  }
}
