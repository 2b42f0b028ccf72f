package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ReferenceGrant;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1alpha2.TCPRoute;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The kinds that mean something to some process of the mesh. A folder is read by several processes;
 * a kind that one of them does not want is no mistake, a kind that none of them knows may be one.
 */
public final class MeshKinds {
  /** All of them. */
  public static final Set<Class<? extends HasMetadata>> ALL =
      Set.of(
          Namespace.class,
          Node.class,
          Pod.class,
          Service.class,
          EndpointSlice.class,
          TrafficShift.class,
          TrafficPolicy.class,
          MeshSecurity.class,
          AccessPolicy.class,
          HTTPRoute.class,
          GRPCRoute.class,
          TLSRoute.class,
          TCPRoute.class,
          ReferenceGrant.class);

  /**
   * Other versions in which an API server may serve the same objects: they have the same fields,
   * and mean the same.
   */
  static final Map<String, Class<? extends HasMetadata>> OTHER_VERSIONS =
      Map.of(
          "gateway.networking.k8s.io/v1beta1/HTTPRoute", HTTPRoute.class,
          "gateway.networking.k8s.io/v1alpha2/GRPCRoute", GRPCRoute.class,
          "gateway.networking.k8s.io/v1alpha2/TLSRoute", TLSRoute.class,
          "gateway.networking.k8s.io/v1alpha3/TLSRoute", TLSRoute.class,
          "gateway.networking.k8s.io/v1/TCPRoute", TCPRoute.class,
          "gateway.networking.k8s.io/v1alpha2/ReferenceGrant", ReferenceGrant.class,
          "gateway.networking.k8s.io/v1beta1/ReferenceGrant", ReferenceGrant.class);

  private MeshKinds() {}

  /**
   * Under which {@code apiVersion}s objects of the kind are understood, the one of its class first.
   */
  public static List<String> versions(Class<? extends HasMetadata> kind) {
    String suffix = "/" + HasMetadata.getKind(kind);
    return Stream.concat(
            Stream.of(HasMetadata.getApiVersion(kind)),
            OTHER_VERSIONS.entrySet().stream()
                .filter(other -> other.getValue() == kind)
                .map(
                    other -> other.getKey().substring(0, other.getKey().length() - suffix.length()))
                .sorted())
        .toList();
  }
}
