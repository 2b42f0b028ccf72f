package io.weftmesh.policy.model;

import java.util.HashMap;
import java.util.Map;

/**
 * All routes of one Service port: for everybody, and for the clients of namespaces that have routes
 * of their own.
 *
 * @param producer the routes of the Service's own namespace
 * @param consumers by client namespace: such a set replaces the producer's, nothing is merged
 */
public record RouteSets(RouteTable producer, Map<String, RouteTable> consumers) {

  public RouteSets {
    consumers = Map.copyOf(consumers);
  }

  /** The same routes for everybody. */
  public static RouteSets forAll(RouteTable routes) {
    return new RouteSets(routes, Map.of());
  }

  /** The routes that hold for a client. */
  public RouteTable of(String clientNamespace) {
    return consumers.isEmpty() ? producer : consumers.getOrDefault(clientNamespace, producer);
  }

  /** The same, with the draws of earlier routes wherever they did not change: they go on. */
  public RouteSets keeping(RouteSets earlier) {
    Map<String, RouteTable> kept = new HashMap<>(consumers);
    kept.replaceAll((namespace, now) -> now.keeping(earlier.of(namespace)));
    return equals(earlier) ? earlier : new RouteSets(producer.keeping(earlier.producer), kept);
  }
}
