package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.RouteOrigin.Kind;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.List;

/** Makes a table of the routes of one set at one port. */
final class RouteTables {
  private RouteTables() {}

  /**
   * A table.
   *
   * @param routes all of one kind, older ones first; at least one
   * @param policies what holds where a rule is silent
   * @param own the Service's own endpoints, for traffic that is not of the routes' kind
   */
  static RouteTable of(
      List<ServiceRoute> routes, ServicePortKey port, TrafficPolicies policies, RouteRule own) {
    List<RouteRule> rules =
        routes.stream().flatMap(route -> route.rulesAt(port, policies).stream()).toList();
    Kind kind = routes.getFirst().kind();
    return switch (kind) {
      case HTTP_ROUTE, GRPC_ROUTE ->
          routes.stream().anyMatch(route -> route.names(port))
              ? RouteTable.expectingHttp(rules, own)
              : new RouteTable(rules, own);
      case TLS_ROUTE -> RouteTable.ofTls(rules, own);
      case TCP_ROUTE -> RouteTable.ofConnections(rules.getFirst());
      case SERVICE, TRAFFIC_SHIFT, TRAFFIC_POLICY ->
          throw new IllegalArgumentException(kind + " is no kind of route");
    };
  }
}
