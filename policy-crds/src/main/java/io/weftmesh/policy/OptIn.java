package io.weftmesh.policy;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether a pod takes part in the mesh: the one rule that the ca and every node proxy go by.
 *
 * <p>The label {@value #LABEL} says {@code enabled} or {@code disabled}, on the pod or on its
 * namespace, and the pod's own wins. Some pods never take part, whatever a label says: those of the
 * system and of the mesh itself, those on the host's network (which cannot be captured), and those
 * that have ended.
 */
public final class OptIn {
  /** The label on pods and namespaces. */
  public static final String LABEL = "weftmesh.io/mesh";

  /** The mesh's own namespace. */
  public static final String MESH_NAMESPACE = "weft-system";

  private static final Set<String> NEVER = Set.of("kube-system", MESH_NAMESPACE);
  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

  /** What the rules say of one pod, and by which of them. */
  public enum Verdict {
    IN_BY_POD(true, "the pod's label says enabled"),
    IN_BY_NAMESPACE(true, "the namespace's label says enabled"),
    OUT_BY_POD(false, "the pod's label says disabled"),
    OUT_BY_NAMESPACE(false, "the namespace's label says disabled"),
    NOT_LABELLED(false, "neither the pod nor its namespace has the label " + LABEL),
    SYSTEM_NAMESPACE(false, "pods of kube-system and of the mesh's own namespace never take part"),
    HOST_NETWORK(false, "a pod on the host's network cannot be captured"),
    ENDED(false, "the pod has ended");

    private final boolean in;
    private final String reason;

    Verdict(boolean in, String reason) {
      this.in = in;
      this.reason = reason;
    }

    /** Whether the pod takes part. */
    public boolean in() {
      return in;
    }

    /** The rule that decided, in words. */
    public String reason() {
      return reason;
    }
  }

  private OptIn() {}

  /**
   * Judges one pod.
   *
   * @param phase the pod's {@code status.phase}, null while it has none
   */
  public static Verdict judge(
      String namespace,
      Map<String, String> namespaceLabels,
      Map<String, String> podLabels,
      boolean hostNetwork,
      @Nullable String phase) {
    if (phase != null && ENDED.contains(phase)) {
      return Verdict.ENDED;
    }
    if (NEVER.contains(namespace)) {
      return Verdict.SYSTEM_NAMESPACE;
    }
    if (hostNetwork) {
      return Verdict.HOST_NETWORK;
    }
    return switch (Label.of(podLabels)) {
      case ENABLED -> Verdict.IN_BY_POD;
      case DISABLED -> Verdict.OUT_BY_POD;
      case NONE ->
          switch (Label.of(namespaceLabels)) {
            case ENABLED -> Verdict.IN_BY_NAMESPACE;
            case DISABLED -> Verdict.OUT_BY_NAMESPACE;
            case NONE -> Verdict.NOT_LABELLED;
          };
    };
  }

  /**
   * What is wrong with the label's value, if anything. Such a label counts as absent, so that a
   * typing error on a pod cannot take it out of a mesh that its namespace is in.
   */
  public static Optional<String> invalidLabel(Map<String, String> labels) {
    String value = labels.get(LABEL);
    if (value == null || Label.of(labels) != Label.NONE) {
      return Optional.empty();
    }
    return Optional.of(
        "label " + LABEL + " is \"" + value + "\", expected \"enabled\" or \"disabled\"; ignored");
  }

  private enum Label {
    ENABLED,
    DISABLED,
    NONE;

    static Label of(Map<String, String> labels) {
      String value = labels.get(LABEL);
      if (value == null) {
        return NONE;
      }
      return switch (value) {
        case "enabled" -> ENABLED;
        case "disabled" -> DISABLED;
        default -> NONE;
      };
    }
  }
}
