package io.weftmesh.policy.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which security holds where: everything that {@code MeshSecurity} objects say, in force together.
 *
 * <p>What is narrower wins: workload over namespace over mesh, and a port over all of these. A
 * scope that says nothing about a setting leaves it to the wider one. Where two objects of the same
 * width both hold for a pod and differ, the stricter wins: it is the one that somebody would miss.
 */
public final class SecurityRules {
  /** Nothing was written. */
  public static final SecurityRules NONE = new SecurityRules(List.of(), Map.of());

  private final List<SecurityRule> mesh;
  private final Map<String, List<SecurityRule>> byNamespace;

  /**
   * @param mesh what holds in all namespaces, for all workloads or for those selected
   * @param byNamespace what holds in one namespace, for all its workloads or for those selected
   */
  public SecurityRules(List<SecurityRule> mesh, Map<String, List<SecurityRule>> byNamespace) {
    this.mesh = List.copyOf(mesh);
    Map<String, List<SecurityRule>> copy = new HashMap<>();
    byNamespace.forEach((namespace, rules) -> copy.put(namespace, List.copyOf(rules)));
    this.byNamespace = Map.copyOf(copy);
  }

  /** What holds for a pod. */
  public InboundSecurity of(String namespace, Map<String, String> labels) {
    return resolve(namespace, rule -> rule.selects(labels));
  }

  /**
   * The mode to reckon with at a port of a pod whose labels are not known here, as a sender on
   * another node. Every rule that may hold for it is taken to hold: whoever is not sure must not
   * send plaintext.
   */
  public InboundMode towards(String namespace, int port) {
    boolean perhapsStrict =
        Stream.concat(mesh.stream(), here(namespace).stream())
            .anyMatch(rule -> !rule.isForAll() && rule.isStrictAt(port));
    return perhapsStrict
        ? InboundMode.STRICT
        : resolve(namespace, SecurityRule::isForAll).mode(port);
  }

  private InboundSecurity resolve(String namespace, Predicate<SecurityRule> holds) {
    Settled settled = new Settled();
    settled.level(mesh.stream().filter(SecurityRule::isForAll));
    settled.level(here(namespace).stream().filter(SecurityRule::isForAll));
    settled.level(
        Stream.concat(mesh.stream(), here(namespace).stream())
            .filter(rule -> !rule.isForAll())
            .filter(holds));
    return new InboundSecurity(settled.mode, settled.ports, settled.withoutIdentity);
  }

  private List<SecurityRule> here(String namespace) {
    return byNamespace.getOrDefault(namespace, List.of());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SecurityRules rules
        && rules.mesh.equals(mesh)
        && rules.byNamespace.equals(byNamespace);
  }

  @Override
  public int hashCode() {
    return 31 * mesh.hashCode() + byNamespace.hashCode();
  }

  /** Goes from the widest level to the narrowest; a later level overrides what it speaks of. */
  private static final class Settled {
    private InboundMode mode = InboundSecurity.DEFAULT.mode();
    private WithoutIdentity withoutIdentity = InboundSecurity.DEFAULT.withoutIdentity();
    private final Map<Integer, InboundMode> ports = new HashMap<>();

    void level(Stream<SecurityRule> rules) {
      InboundMode levelMode = null;
      WithoutIdentity levelIdentity = null;
      Map<Integer, InboundMode> levelPorts = new HashMap<>();
      for (SecurityRule rule : rules.toList()) {
        levelMode = stricter(levelMode, rule.mode().orElse(null));
        levelIdentity = stricter(levelIdentity, rule.withoutIdentity().orElse(null));
        rule.ports().forEach((port, own) -> levelPorts.merge(port, own, Settled::strictest));
      }
      mode = levelMode == null ? mode : levelMode;
      withoutIdentity = levelIdentity == null ? withoutIdentity : levelIdentity;
      ports.putAll(levelPorts);
    }

    private static @Nullable InboundMode stricter(
        @Nullable InboundMode one, @Nullable InboundMode other) {
      return one == null ? other : other == null ? one : strictest(one, other);
    }

    private static InboundMode strictest(InboundMode one, InboundMode other) {
      return one == InboundMode.STRICT ? one : other;
    }

    private static @Nullable WithoutIdentity stricter(
        @Nullable WithoutIdentity one, @Nullable WithoutIdentity other) {
      return one == null || (one == WithoutIdentity.PASSTHROUGH && other != null) ? other : one;
    }
  }
}
