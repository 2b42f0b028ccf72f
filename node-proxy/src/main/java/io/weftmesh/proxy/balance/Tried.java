package io.weftmesh.proxy.balance;

import java.util.ArrayList;
import java.util.List;

/**
 * The endpoints that one request was already sent to, so that each retry goes to another one. Made
 * with the first retry, not with the request. Not thread-safe: a request lives on one loop.
 */
public final class Tried {
  private final List<Endpoint> endpoints = new ArrayList<>(2);

  public void add(Endpoint endpoint) {
    endpoints.add(endpoint);
  }

  /** By address: the same pod may come back in a newer {@link EndpointSet} as another object. */
  boolean contains(Endpoint endpoint) {
    for (int i = 0; i < endpoints.size(); i++) {
      if (endpoints.get(i).address().equals(endpoint.address())) {
        return true;
      }
    }
    return false;
  }
}
