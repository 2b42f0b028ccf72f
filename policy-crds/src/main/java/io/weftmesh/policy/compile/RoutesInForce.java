package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.ServiceRoute.AttachedParent;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteOrigin.Kind;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which routes hold where. At each port the routes of a namespace are one set, and of a set the
 * routes of one kind are in force: the kind that says most of what the traffic is. Of routes whose
 * rules have no conditions only the first can be.
 *
 * <p>Routes of the Service's own namespace hold for all clients; those of another namespace for the
 * clients in it, in the place of the former (GEP-1294, producer and consumer routes).
 */
final class RoutesInForce {
  /** Those further to the front win. */
  private static final List<Kind> PRECEDENCE =
      List.of(Kind.GRPC_ROUTE, Kind.HTTP_ROUTE, Kind.TLS_ROUTE, Kind.TCP_ROUTE);

  private final Map<ServicePortKey, Map<String, List<ServiceRoute>>> attached = new HashMap<>();
  private final Set<RouteOrigin> known = new HashSet<>();

  /** Adds a route; older ones come first. */
  void add(ServiceRoute route) {
    known.add(new RouteOrigin(route.kind(), route.object().namespace(), route.object().name(), 0));
    for (AttachedParent parent : route.parents()) {
      if (parent.attachment() == null) {
        continue;
      }
      for (int port : parent.attachment().ports()) {
        List<ServiceRoute> set =
            attached
                .computeIfAbsent(
                    new ServicePortKey(parent.attachment().service(), port), p -> new HashMap<>())
                .computeIfAbsent(route.object().namespace(), n -> new ArrayList<>());
        if (!set.contains(route)) {
          set.add(route);
        }
      }
    }
  }

  /**
   * Whether there is a route that is attached to a Service.
   *
   * @param route its first rule
   */
  boolean has(RouteOrigin route) {
    return known.contains(route);
  }

  /** The ports that some route is attached to. */
  Set<ServicePortKey> ports() {
    return attached.keySet();
  }

  /** The namespaces that have routes at a port. */
  Set<String> namespaces(ServicePortKey port) {
    return attached.getOrDefault(port, Map.of()).keySet();
  }

  /** The routes of a namespace that are in force at a port, all of one kind, older ones first. */
  List<ServiceRoute> at(ServicePortKey port, String namespace) {
    List<ServiceRoute> set =
        attached.getOrDefault(port, Map.of()).getOrDefault(namespace, List.of());
    for (Kind kind : PRECEDENCE) {
      List<ServiceRoute> ofKind = set.stream().filter(route -> route.kind() == kind).toList();
      if (!ofKind.isEmpty()) {
        return kind == Kind.TCP_ROUTE ? List.of(ofKind.getFirst()) : ofKind;
      }
    }
    return List.of();
  }

  /** The route that keeps this one from being in force at a port; null if it is in force. */
  @Nullable ServiceRoute insteadOf(ServiceRoute route, ServicePortKey port) {
    List<ServiceRoute> inForce = at(port, route.object().namespace());
    return inForce.contains(route) ? null : inForce.getFirst();
  }
}
