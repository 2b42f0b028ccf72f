package io.weftmesh.policy.model;

import java.util.Map;

/**
 * All routes of one Service port: for everybody, and for the clients of namespaces that have routes
 * of their own.
 *
 * @param producer the routes of the Service's own namespace
 * @param consumers by client namespace: such a set replaces the producer's, nothing is merged
 * @param namedByHttpRoute whether somebody attached an HTTP or gRPC route to this very port, so
 *     that HTTP is to be expected on it even where nothing declares it
 */
public record RouteSets(
    RouteTable producer, Map<String, RouteTable> consumers, boolean namedByHttpRoute) {

  public RouteSets {
    consumers = Map.copyOf(consumers);
  }

  /** The same routes for everybody. */
  public static RouteSets forAll(RouteTable routes) {
    return new RouteSets(routes, Map.of(), false);
  }

  /** The routes that hold for a client. */
  public RouteTable of(String clientNamespace) {
    return consumers.isEmpty() ? producer : consumers.getOrDefault(clientNamespace, producer);
  }
}
