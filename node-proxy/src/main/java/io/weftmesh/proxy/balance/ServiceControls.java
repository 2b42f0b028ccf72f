package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RetryPolicy;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * What policies bound of each Service on this node: retries, rates, and what is in use at once. One
 * instance for the process, so that all loops, HTTP and TCP, share what they count. Thread-safe.
 *
 * @param <K> what names a Service
 */
public final class ServiceControls<K> {
  private final RetryBudgets<K> budgets;
  private final RateLimiters rates;
  private final Map<K, ServiceLimits> limits = new ConcurrentHashMap<>();

  /**
   * @param ticker monotonic nanoseconds
   */
  public ServiceControls(LongSupplier ticker) {
    this.budgets = new RetryBudgets<>(ticker);
    this.rates = new RateLimiters(ticker);
  }

  /** The budget for all retries of a Service together. */
  public RetryBudget budget(K service, RetryPolicy.Budget terms) {
    return budgets.of(service, terms.ratio(), terms.perSecond());
  }

  /** What counts the requests that a policy limits. */
  public RateLimiter rate(RateLimit terms) {
    return rates.of(terms);
  }

  /** What counts what of a Service is in use. */
  public ServiceLimits limits(K service) {
    ServiceLimits known = limits.get(service);
    return known != null ? known : limits.computeIfAbsent(service, unknown -> new ServiceLimits());
  }

  /** What counts what is in use, of the Services that something was sent to. */
  public Map<K, ServiceLimits> limits() {
    return Collections.unmodifiableMap(limits);
  }

  /**
   * Forgets what no snapshot has any more. Places in hand stay valid.
   *
   * @param clientPods of this node, by UID
   */
  public void retain(Set<K> services, Set<String> clientPods) {
    budgets.retain(services);
    limits.keySet().retainAll(services);
    limits.values().forEach(ofService -> ofService.retainClients(clientPods));
  }
}
