package io.weftmesh.proxy.balance;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is in use of all Services. One instance for the process, so that all loops share what they
 * count. Thread-safe.
 *
 * @param <K> what names a Service
 */
public final class LimitsOfServices<K> {
  private final Map<K, ServiceLimits> byService = new ConcurrentHashMap<>();

  public ServiceLimits of(K service) {
    ServiceLimits limits = byService.get(service);
    return limits != null
        ? limits
        : byService.computeIfAbsent(service, unknown -> new ServiceLimits());
  }

  /** Forgets the Services that no snapshot has any more. Places in hand stay valid. */
  public void retain(Set<K> services) {
    byService.keySet().retainAll(services);
  }

  /** Forgets the client pods that are gone. */
  public void retainClients(Set<String> clientPods) {
    byService.values().forEach(limits -> limits.retainClients(clientPods));
  }
}
