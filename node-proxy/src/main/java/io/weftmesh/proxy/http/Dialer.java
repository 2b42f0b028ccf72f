package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tunnel.Upstream;

/**
 * Opens connections on behalf of one client pod, in the way that the directory and the policies ask
 * for at that moment.
 */
public interface Dialer {
  /**
   * Connects. Called on {@code loop}.
   *
   * @return completes on {@code loop}; fails with {@link io.weftmesh.proxy.tunnel.Unreachable},
   *     which means that nothing was sent; cancelling gives the attempt up
   */
  Future<Upstream> connect(EventLoop loop, Endpoint endpoint);

  /**
   * Whether a connection that was opened earlier would be opened the same way now. A pool must not
   * keep plaintext alive to a pod that has meanwhile become part of the mesh.
   */
  boolean isStillRight(Endpoint endpoint, Security security);
}
