package io.weftmesh.proxy.tunnel;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Workload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A captured pod of this node, from its capture to its release. Two pods that had the same address
 * one after the other are two of these. Thread-safe.
 */
public interface LocalPod {
  Workload workload();

  /** Who the pod is to its peers; known before there is a certificate for it. */
  SpiffeId identity();

  /**
   * Whether the pod leaves the mesh, or a successor of this process has taken it over: what carries
   * nothing is then closed and not kept for later.
   */
  boolean isLeaving();

  /**
   * Who may connect to the pod. While it is on its way out of the mesh and its rules still bring
   * connections here, what was last in force.
   *
   * @return null for a pod that has left, and is as open as it will be without the mesh
   */
  default @Nullable InboundPolicy inbound(Snapshot snapshot) {
    return snapshot.inbound(workload().uid());
  }

  /**
   * Connects from inside the pod's network namespace, with the proxy's mark.
   *
   * @param source null for the pod's own address; else the address to appear with, its port chosen
   *     by the kernel
   * @return completes on {@code loop} with a connected channel that is registered there, has
   *     auto-read off and nothing of its maker's in the pipeline; cancelling gives the attempt up
   */
  Future<DuplexChannel> connect(
      EventLoop loop, InetSocketAddress remote, @Nullable InetAddress source);
}
