package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.BackendSettings;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * The balancers of all backends. One instance for the process, so that HTTP and TCP, and all loops,
 * share what they know. Thread-safe.
 *
 * <p>An endpoint may be of several backends: of two Services, or of a Service and a subset of it.
 * Each balancer knows it by its own requests alone, and ejects it for its own: what a share of
 * testers meets is not to cost all others the endpoint, and at most half of a <em>backend</em> are
 * out at once. What bounds the use of a Service as a whole is in {@link ServiceControls}.
 *
 * @param <K> what names a backend: a Service's port, or a subset of one
 */
public final class Balancers<K> {
  private final Map<K, Balancer> byBackend = new ConcurrentHashMap<>();
  private final LongSupplier ticker;
  private final RandomGenerator random;

  /**
   * @param ticker monotonic nanoseconds
   * @param random safe to be used by several threads
   */
  public Balancers(LongSupplier ticker, RandomGenerator random) {
    this.ticker = ticker;
    this.random = random;
  }

  public Balancer of(K backend) {
    Balancer balancer = byBackend.get(backend);
    return balancer != null
        ? balancer
        : byBackend.computeIfAbsent(backend, unknown -> new Balancer(ticker, random));
  }

  /** The balancer of a backend, which goes by these settings from now on. */
  public Balancer of(K backend, BackendSettings settings) {
    Balancer balancer = of(backend);
    balancer.use(settings);
    return balancer;
  }

  /** Those of the backends that something was sent to. */
  public Map<K, Balancer> known() {
    return Collections.unmodifiableMap(byBackend);
  }

  /** Forgets the backends that are gone. Picks in hand stay valid. */
  public void retain(Predicate<? super K> isThere) {
    byBackend.keySet().removeIf(isThere.negate());
  }
}
