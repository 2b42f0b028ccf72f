package io.weftmesh.proxy.admin.explain;

import io.weftmesh.proxy.balance.Endpoint;
import java.net.InetAddress;

/** What is known of the other end of a connection, by whoever opens them. */
@FunctionalInterface
public interface Peers {
  /** How a connection to an endpoint would be made now and why, in a few words. */
  String connection(Endpoint endpoint);

  /**
   * Whether an address is known to be of no pod of the mesh, so that no policy is asked there.
   * False while that is not known, as it never is where no ca is asked.
   */
  default boolean isOutside(InetAddress address) {
    return false;
  }
}
