package io.weftmesh.policy.model;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where a share of the traffic goes. */
public sealed interface Backend {

  /**
   * The endpoints of a Service's port: all of them, or a subset, those of the pods that have
   * certain labels. That Service's own routes are not consulted. Immutable.
   *
   * <p>No record, because balancers are found by it and metrics ask for its text with every
   * request: the text is made once, and two that say the same are equal by it.
   */
  final class Service implements Backend {
    private final ServicePortKey key;
    private final Map<String, String> labels;
    private final String text;

    /** All endpoints. */
    public Service(ServicePortKey key) {
      this(key, Map.of());
    }

    /**
     * A subset.
     *
     * @param labels that a pod must have, all of them; empty for all endpoints. Keys and values are
     *     labels by the rules of Kubernetes, or the text would not tell one subset from another
     */
    public Service(ServicePortKey key, Map<String, String> labels) {
      this.key = key;
      this.labels = Map.copyOf(labels);
      this.text =
          labels.isEmpty()
              ? key.toString()
              : new TreeMap<>(labels)
                  .entrySet().stream()
                      .map(label -> label.getKey() + "=" + label.getValue())
                      .collect(Collectors.joining(",", key + "[", "]"));
    }

    /** The port. */
    public ServicePortKey key() {
      return key;
    }

    /** The Service, whose settings and limits hold for all of its subsets. */
    public ServiceKey service() {
      return key.service();
    }

    /** That a pod must have; empty if every endpoint belongs. */
    public Map<String, String> labels() {
      return labels;
    }

    public boolean isSubset() {
      return !labels.isEmpty();
    }

    /** Whether a pod with these labels belongs. */
    public boolean admits(Map<String, String> podLabels) {
      return podLabels.entrySet().containsAll(labels.entrySet());
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Service service && service.text.equals(text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }

    /** {@code shop/echo:80}, or {@code shop/echo:80[version=v2]}; a label of metrics. */
    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * Nowhere: what was written cannot be honoured. The share is answered with 500 (a TCP connection
   * is reset), and never given to another backend.
   *
   * @param reference what was written
   * @param problem why it leads nowhere, in words for the response and for explaining
   */
  record Unresolvable(String reference, String problem) implements Backend {
    @Override
    public String toString() {
      return reference + " (" + problem + ")";
    }
  }
}
