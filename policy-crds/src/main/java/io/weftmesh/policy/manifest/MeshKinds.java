package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.util.Set;

/**
 * The kinds that mean something to some process of the mesh. A folder is read by several processes;
 * a kind that one of them does not want is no mistake, a kind that none of them knows may be one.
 */
public final class MeshKinds {
  /** All of them. */
  public static final Set<Class<? extends HasMetadata>> ALL =
      Set.of(
          Namespace.class,
          Pod.class,
          Service.class,
          EndpointSlice.class,
          TrafficShift.class,
          TrafficPolicy.class,
          MeshSecurity.class);

  private MeshKinds() {}
}
