package io.weftmesh.policy.compile;

import io.weftmesh.policy.v1alpha1.MeshSecuritySpec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Selectors of pods. One that makes no sense selects all: nobody can know which were meant. */
final class Selectors {
  private static final String FIELD = "spec.selector.matchLabels";

  private Selectors() {}

  /** The labels that a pod must have; empty for all pods. */
  static Map<String, String> read(MeshSecuritySpec.@Nullable Selector selector, Findings findings) {
    if (selector == null) {
      return Map.of();
    }
    if (selector.matchLabels() == null || selector.matchLabels().isEmpty()) {
      findings.invalid(FIELD, "is empty, expected labels, or no selector for all pods");
      return Map.of();
    }
    if (selector.matchLabels().containsValue(null)) {
      findings.invalid(FIELD, "has a label without a value");
      return Map.of();
    }
    return selector.matchLabels();
  }
}
