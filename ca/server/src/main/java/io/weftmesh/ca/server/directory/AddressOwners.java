package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.server.pods.Pod;
import io.weftmesh.ca.server.pods.Pods;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whose an address is, when several pod objects name it: that of the newest pod that has not ended.
 * An address is given to a new pod as soon as the old one's sandbox is gone, long before the old
 * one's object is; and the new one need not be in the mesh.
 *
 * <p>Pods created in one second are told apart by which was seen first. Confined to one thread.
 */
final class AddressOwners {
  private final Map<String, Long> firstSeen = new HashMap<>();
  private final Comparator<Pod> byAge =
      Comparator.comparing(Pod::created)
          .thenComparing(pod -> firstSeen.getOrDefault(pod.uid(), 0L))
          .thenComparing(Pod::uid);
  private Map<InetAddress, Pod> owners = Map.of();
  private long seen;

  void update(Pods pods) {
    firstSeen.keySet().removeIf(uid -> pods.byUid(uid) == null);
    Map<InetAddress, Pod> newest = new HashMap<>();
    for (Pod pod : pods.all()) {
      firstSeen.computeIfAbsent(pod.uid(), _ -> ++seen);
    }
    for (Pod pod : pods.all()) {
      if (!pod.ended()) {
        for (InetAddress address : pod.addresses()) {
          newest.merge(address, pod, (a, b) -> byAge.compare(a, b) >= 0 ? a : b);
        }
      }
    }
    owners = newest;
  }

  /** The addresses that are this pod's and no newer one's. */
  List<InetAddress> addressesOf(Pod pod) {
    return pod.addresses().stream()
        .filter(address -> {
          Pod owner = owners.get(address);
          return owner != null && owner.uid().equals(pod.uid());
        })
        .toList();
  }
}
