package io.weftmesh.proxy.routing;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * A pod of this node that takes part in the mesh.
 *
 * @param workload what the pod is one of: the name of its Deployment, Job and so on, or its own; a
 *     label value that does not change with every pod
 * @param addresses one or two, the pod's preferred one first; never empty
 */
public record Workload(
    String uid,
    String namespace,
    String name,
    String workload,
    String serviceAccount,
    String node,
    List<InetAddress> addresses,
    Map<String, String> labels,
    Exclusions exclusions,
    List<Probe> probes,
    PodBounds bounds) {

  public Workload {
    addresses = List.copyOf(addresses);
    labels = Map.copyOf(labels);
    probes = List.copyOf(probes);
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException("pod " + namespace + "/" + name + " has no address yet");
    }
  }

  /** A pod with the default bounds. */
  public Workload(
      String uid,
      String namespace,
      String name,
      String workload,
      String serviceAccount,
      String node,
      List<InetAddress> addresses,
      Map<String, String> labels,
      Exclusions exclusions,
      List<Probe> probes) {
    this(
        uid,
        namespace,
        name,
        workload,
        serviceAccount,
        node,
        addresses,
        labels,
        exclusions,
        probes,
        PodBounds.DEFAULT);
  }

  /** {@code shop/echo-6d4b (uid 0f3c...)}. */
  @Override
  public String toString() {
    return namespace + "/" + name + " (uid " + uid + ")";
  }
}
