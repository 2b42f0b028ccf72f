package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1alpha2.TCPRoute;
import java.util.Set;

/**
 * Reads the routes of Gateway API. What can't be honoured, fields that nobody knows included, is a
 * problem and closes the door of the rule that it stands in: an API server would have refused some
 * of it, but not all, and a file has seen none.
 */
public final class RouteReader {
  /** The kinds that are read. */
  public static final Set<Class<? extends HasMetadata>> KINDS =
      Set.of(HTTPRoute.class, GRPCRoute.class, TLSRoute.class, TCPRoute.class);

  private RouteReader() {}

  /** Whether the object is a route. */
  public static boolean reads(HasMetadata object) {
    return KINDS.contains(object.getClass());
  }

  /**
   * Keeps of a route what is needed of it.
   *
   * @throws IllegalArgumentException if the object is no route
   */
  public static Written<RouteSpec> read(HasMetadata object) {
    Written<RouteSpec> bare = Written.of(object, null);
    RouteSpec spec =
        switch (object) {
          case HTTPRoute route -> HttpRouteReader.read(bare, route);
          case GRPCRoute route -> GrpcRouteReader.read(bare, route);
          case TLSRoute route -> ConnectionRouteReader.read(bare, route);
          case TCPRoute route -> ConnectionRouteReader.read(bare, route);
          default -> throw new IllegalArgumentException(object.getKind() + " is no route");
        };
    return new Written<>(
        bare.kind(), bare.namespace(), bare.name(), bare.created(), bare.generation(), spec);
  }
}
