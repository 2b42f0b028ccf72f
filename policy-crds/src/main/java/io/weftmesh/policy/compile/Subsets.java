package io.weftmesh.policy.compile;

import io.weftmesh.policy.LabelSyntax;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Subsets of a Service's pods, as the backends of a {@code TrafficShift} name them. */
public final class Subsets {
  /**
   * How many labels a backend, and all backends of a shift together, may ask for. Each is told to
   * every node of every pod.
   */
  public static final int MAX_LABELS = 8;

  private Subsets() {}

  /**
   * The keys of the pod labels that a shift asks for, as far as they are labels at all: these must
   * be known of a Service's pods before the shift can be followed. None of a shift that asks for
   * too many, which is invalid.
   */
  public static Set<String> keysAskedFor(@Nullable TrafficShiftSpec spec) {
    Set<String> keys =
        spec == null || spec.backends() == null ? new TreeSet<>() : keys(spec.backends());
    return keys.size() <= MAX_LABELS ? keys : new TreeSet<>();
  }

  private static Set<String> keys(List<TrafficShiftSpec.Backend> backends) {
    Set<String> keys = new TreeSet<>();
    for (TrafficShiftSpec.Backend backend : backends) {
      if (backend != null && backend.labels() != null && backend.labels().size() <= MAX_LABELS) {
        backend.labels().keySet().stream().filter(LabelSyntax::isKey).forEach(keys::add);
      }
    }
    return keys;
  }

  /** Says if the backends of a shift ask for too many labels between them. */
  static void check(List<TrafficShiftSpec.Backend> backends, Findings findings) {
    Set<String> keys = keys(backends);
    if (keys.size() > MAX_LABELS) {
      findings.invalid(
          "spec.backends",
          "ask for pods by "
              + keys.size()
              + " different labels, "
              + keys
              + ", expected at most "
              + MAX_LABELS
              + " in one TrafficShift");
    }
  }

  /** Says what is wrong with the labels of a backend. */
  static void check(String field, @Nullable Map<String, String> labels, Findings findings) {
    if (labels == null) {
      return;
    }
    if (labels.isEmpty()) {
      findings.invalid(field, "is empty, expected labels, or no field to mean all pods");
    } else if (labels.size() > MAX_LABELS) {
      findings.invalid(field, "has " + labels.size() + " entries, expected at most " + MAX_LABELS);
    } else {
      labels.forEach((key, value) -> check(field, key, value, findings));
    }
  }

  private static void check(String field, String key, @Nullable String value, Findings findings) {
    if (!LabelSyntax.isKey(key)) {
      findings.invalid(
          field,
          "has the key \""
              + key
              + "\", expected a label's, such as version or example.com/version");
    } else if (value == null) {
      findings.invalid(field, "has " + key + " without a value");
    } else if (!LabelSyntax.isValue(value)) {
      findings.invalid(
          field,
          "has "
              + key
              + " with the value \""
              + value
              + "\", expected at most 63 letters, digits, '-', '_' and '.'");
    }
  }
}
