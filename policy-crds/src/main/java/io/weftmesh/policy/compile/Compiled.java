package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is in force.
 *
 * @param routes of the ports that some object routes or tunes; all others go to their own endpoints
 * @param backends of the Services that some object tunes
 * @param subsets that routes lead to
 * @param statuses what each route's status is to say
 * @param problems of all objects
 */
public record Compiled(
    Map<ServicePortKey, RouteSets> routes,
    Map<ServiceKey, BackendSettings> backends,
    Set<Backend.Service> subsets,
    SecurityRules security,
    AccessRules access,
    List<RouteStatus> statuses,
    List<Problem> problems) {
  public static final Compiled NOTHING =
      new Compiled(
          Map.of(), Map.of(), Set.of(), SecurityRules.NONE, AccessRules.NONE, List.of(), List.of());

  public Compiled {
    routes = Map.copyOf(routes);
    backends = Map.copyOf(backends);
    subsets = Set.copyOf(subsets);
    statuses = List.copyOf(statuses);
    problems = List.copyOf(problems);
  }

  /**
   * The same, with the objects of an earlier result wherever nothing changed: draws go on, and
   * balancers see at a glance that their settings are what they were, as do open connections of the
   * rules of access.
   */
  public Compiled keeping(Compiled earlier) {
    Map<ServicePortKey, RouteSets> keptRoutes = new HashMap<>(routes);
    keptRoutes.replaceAll((port, now) -> {
      RouteSets before = earlier.routes.get(port);
      return before == null ? now : now.keeping(before);
    });
    Map<ServiceKey, BackendSettings> keptBackends = new HashMap<>(backends);
    keptBackends.replaceAll((service, now) -> {
      BackendSettings before = earlier.backends.get(service);
      return now.equals(before) ? before : now;
    });
    AccessRules keptAccess = access.equals(earlier.access) ? earlier.access : access;
    return new Compiled(
        keptRoutes, keptBackends, subsets, security, keptAccess, statuses, problems);
  }
}
