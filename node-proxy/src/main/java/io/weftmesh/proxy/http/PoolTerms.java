package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import org.jspecify.annotations.Nullable;

/**
 * What the pools of one client pod on one event loop have in common.
 *
 * @param client its UID
 * @param places for all upstream connections of the pod
 */
record PoolTerms(
    EventLoop loop,
    String client,
    Dialer dialer,
    Limit places,
    HttpSettings settings,
    HttpMetrics metrics) {

  /**
   * A place for one connection more.
   *
   * @param ofService its place among the Service's; given back if the pod has none
   * @return null if there is none
   */
  @Nullable UpstreamPlace place(Place ofService) {
    Limit.Guard ofPod = places.tryAcquire();
    if (ofPod == null) {
      ofService.close();
      return null;
    }
    return new UpstreamPlace(ofPod, ofService);
  }

  /** Why there is none. */
  String tooMany() {
    return "this pod has " + places.max() + " upstream connections open already";
  }
}
