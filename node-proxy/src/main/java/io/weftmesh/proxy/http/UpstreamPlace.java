package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.balance.ServiceLimits.Place;

/**
 * What an upstream connection holds as long as it is open: its place among its client pod's, and
 * among its Service's where these are limited. Closing it twice gives back one.
 */
record UpstreamPlace(Limit.Guard ofPod, Place ofService) implements AutoCloseable {
  @Override
  public void close() {
    ofPod.close();
    ofService.close();
  }
}
