package io.weftmesh.proxy.capture;

import io.weftmesh.proxy.tunnel.LocalPods;
import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The captured pods of this node by address. Thread-safe, never blocks. */
public final class CapturedPods implements LocalPods {
  private final Map<InetAddress, CapturedPod> byAddress = new ConcurrentHashMap<>();

  @Override
  public @Nullable CapturedPod byAddress(InetAddress address) {
    return byAddress.get(address);
  }

  /** The pod's addresses lead to it from now on, whoever had them before. */
  void add(CapturedPod pod) {
    pod.workload().addresses().forEach(address -> byAddress.put(address, pod));
  }

  /** The pod's addresses lead nowhere, except those that another pod has by now. */
  void remove(CapturedPod pod) {
    byAddress.values().removeIf(other -> other == pod);
  }
}
