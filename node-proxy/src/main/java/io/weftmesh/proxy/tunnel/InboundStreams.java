package io.weftmesh.proxy.tunnel;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/** What becomes of a connection to a pod of this node. Called on event loops; never blocks. */
public interface InboundStreams {
  /**
   * Asks the pod's inbound policy and then connects to the application, with the caller's address
   * as source.
   *
   * @param destination the address of the pod that the caller named, and the application's port
   * @return completes on {@code loop} with a connected channel that has auto-read off; fails with
   *     {@link Refused} when policy says no or the application can't be reached; cancelling gives
   *     the attempt up
   */
  Future<DuplexChannel> dial(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination);

  /**
   * Joins a tunnel's stream with the connection that {@link #dial} made for it. Both have auto-read
   * off and live on the calling loop; whoever implements this owns them from here on.
   */
  void relay(
      DuplexChannel stream,
      DuplexChannel application,
      LocalPod target,
      Caller caller,
      InetSocketAddress destination);
}
