package io.weftmesh.ca.server.pods;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A pod, as far as the ca looks at it.
 *
 * @param node the node that it is bound to, empty while it is not scheduled
 * @param addresses its own ones: none for a pod on the host's network
 * @param optedIn whether it is to be in the mesh
 * @param ended whether it has succeeded or failed: gone, even while its object exists
 * @param created orders pods that claim one address; the epoch if not known
 * @param labels those under the keys of {@link Pods#labelKeys}, and no others
 */
public record Pod(
    String uid,
    String namespace,
    String name,
    String serviceAccount,
    String node,
    List<InetAddress> addresses,
    boolean optedIn,
    boolean ended,
    Instant created,
    Map<String, String> labels) {
  public Pod {
    addresses = List.copyOf(addresses);
    labels = Map.copyOf(labels);
  }

  /** A pod without labels that matter. */
  public Pod(
      String uid,
      String namespace,
      String name,
      String serviceAccount,
      String node,
      List<InetAddress> addresses,
      boolean optedIn,
      boolean ended,
      Instant created) {
    this(uid, namespace, name, serviceAccount, node, addresses, optedIn, ended, created, Map.of());
  }

  /** The same pod, with what is known of it besides. */
  Pod with(boolean newOptedIn, boolean newEnded, Map<String, String> newLabels) {
    return new Pod(
        uid,
        namespace,
        name,
        serviceAccount,
        node,
        addresses,
        newOptedIn,
        newEnded,
        created,
        newLabels);
  }

  /** Whether it is bound to that node and may still run. */
  public boolean livesOn(String node) {
    return !ended && !this.node.isEmpty() && this.node.equals(node);
  }

  /** {@code namespace/name}. */
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
