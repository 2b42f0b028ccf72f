package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is in force.
 *
 * @param routes of the ports that some object routes or tunes; all others go to their own endpoints
 * @param backends of the Services that some object tunes
 * @param problems of all objects
 */
public record Compiled(
    Map<ServicePortKey, RouteSets> routes,
    Map<ServiceKey, BackendSettings> backends,
    SecurityRules security,
    List<Problem> problems) {
  public static final Compiled NOTHING =
      new Compiled(Map.of(), Map.of(), SecurityRules.NONE, List.of());

  public Compiled {
    routes = Map.copyOf(routes);
    backends = Map.copyOf(backends);
    problems = List.copyOf(problems);
  }

  /**
   * The same, with the objects of an earlier result wherever nothing changed: draws go on, and
   * balancers see at a glance that their settings are what they were.
   */
  public Compiled keeping(Compiled earlier) {
    return new Compiled(
        kept(routes, earlier.routes), kept(backends, earlier.backends), security, problems);
  }

  private static <K, V> Map<K, V> kept(Map<K, V> now, Map<K, V> earlier) {
    Map<K, V> kept = new HashMap<>(now);
    kept.replaceAll((key, value) -> {
      V before = earlier.get(key);
      return value.equals(before) ? before : value;
    });
    return kept;
  }
}
