package io.weftmesh.policy.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Who may call whom: everything that {@code AccessPolicy} objects say, in force together. Unlike
 * modes, rules of different width do not override each other: one that denies for the whole mesh
 * denies everywhere.
 *
 * @param mesh what holds in all namespaces
 * @param byNamespace what holds in one
 */
public record AccessRules(List<AccessRule> mesh, Map<String, List<AccessRule>> byNamespace) {
  /** Nothing was written. */
  public static final AccessRules NONE = new AccessRules(List.of(), Map.of());

  public AccessRules {
    mesh = List.copyOf(mesh);
    Map<String, List<AccessRule>> copy = new HashMap<>();
    byNamespace.forEach((namespace, rules) -> copy.put(namespace, List.copyOf(rules)));
    byNamespace = Map.copyOf(copy);
  }

  /** What holds for a pod. */
  public WorkloadAccess of(String namespace, Map<String, String> labels) {
    return WorkloadAccess.of(in(namespace).filter(rule -> rule.selects(labels)).toList());
  }

  /** What holds for every pod of a namespace, whatever its labels are. */
  public WorkloadAccess ofAll(String namespace) {
    return of(namespace, Map.of());
  }

  /** What holds for some pods of a namespace, by their labels. */
  public List<AccessRule> ofSome(String namespace) {
    return in(namespace).filter(rule -> !rule.selector().isEmpty()).toList();
  }

  private Stream<AccessRule> in(String namespace) {
    return Stream.concat(mesh.stream(), byNamespace.getOrDefault(namespace, List.of()).stream());
  }
}
