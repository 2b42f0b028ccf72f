package io.weftmesh.policy.compile;

import io.weftmesh.policy.v1alpha1.AccessPolicySpec;
import io.weftmesh.policy.v1alpha1.MeshSecuritySpec;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.List;

/** All that users wrote, in any order. */
public record PolicyObjects(
    List<Written<RouteSpec>> routes,
    List<Written<TrafficShiftSpec>> shifts,
    List<Written<TrafficPolicySpec>> policies,
    List<Written<MeshSecuritySpec>> securities,
    List<Written<AccessPolicySpec>> accesses) {
  public static final PolicyObjects NONE =
      new PolicyObjects(List.of(), List.of(), List.of(), List.of(), List.of());

  public PolicyObjects {
    routes = List.copyOf(routes);
    shifts = List.copyOf(shifts);
    policies = List.copyOf(policies);
    securities = List.copyOf(securities);
    accesses = List.copyOf(accesses);
  }
}
