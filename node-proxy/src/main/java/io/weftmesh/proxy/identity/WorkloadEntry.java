package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SpiffeId;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * A pod that is in the mesh, as the ca tells every node.
 *
 * @param podUid of the pod object: an address may be another pod's tomorrow, this may not
 * @param id the identity that the pod's peers must find in its certificate
 * @param state {@link WorkloadState#EXPECTED} or {@link WorkloadState#CAPTURED}
 * @param labels those under the keys that the directory carries
 */
public record WorkloadEntry(
    String podUid,
    String namespace,
    String name,
    String serviceAccount,
    String node,
    SpiffeId id,
    WorkloadState state,
    List<InetAddress> addresses,
    Map<String, String> labels) {
  public WorkloadEntry {
    addresses = List.copyOf(addresses);
    labels = Map.copyOf(labels);
  }
}
