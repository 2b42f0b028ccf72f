package io.weftmesh.proxy.admin.explain;

import io.weftmesh.proxy.balance.Endpoint;

/** What is known of the other end of a connection, by whoever opens them. */
@FunctionalInterface
public interface Peers {
  /** How a connection to an endpoint would be made now and why, in a few words. */
  String connection(Endpoint endpoint);
}
