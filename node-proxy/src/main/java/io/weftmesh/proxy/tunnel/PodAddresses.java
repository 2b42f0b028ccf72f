package io.weftmesh.proxy.tunnel;

import io.weftmesh.proxy.routing.Workload;
import java.net.InetAddress;

/** Which of a pod's addresses. */
final class PodAddresses {
  private PodAddresses() {}

  /** The one of the same family as {@code other}; the preferred one when there is none. */
  static InetAddress towards(Workload workload, InetAddress other) {
    for (InetAddress address : workload.addresses()) {
      if (address.getClass().equals(other.getClass())) {
        return address;
      }
    }
    return workload.addresses().getFirst();
  }
}
