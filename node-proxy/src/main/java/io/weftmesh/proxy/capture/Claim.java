package io.weftmesh.proxy.capture;

import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Pick;
import io.weftmesh.proxy.balance.ServiceLimits.Place;

/**
 * What one connection to a Service holds until it has ended: its endpoint, on which it counts as
 * load, and its place among the Service's connections.
 */
record Claim(Pick pick, ServiceKey service, Place place) implements AutoCloseable {
  Endpoint endpoint() {
    return pick.endpoint();
  }

  @Override
  public void close() {
    pick.close();
    place.close();
  }
}
