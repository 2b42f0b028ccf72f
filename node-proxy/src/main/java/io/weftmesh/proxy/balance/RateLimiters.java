package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.RateLimit;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The rate limiters of all policies that set one. Thread-safe. */
public final class RateLimiters {
  private final Map<String, RateLimiter> byPolicy = new ConcurrentHashMap<>();
  private final LongSupplier ticker;

  /**
   * @param ticker monotonic nanoseconds
   */
  public RateLimiters(LongSupplier ticker) {
    this.ticker = ticker;
  }

  /** The limiter of a policy; with new terms a new one, whose buckets are full. */
  public RateLimiter of(RateLimit terms) {
    RateLimiter limiter = byPolicy.get(terms.policy());
    return limiter != null && limiter.terms().equals(terms)
        ? limiter
        : byPolicy.compute(terms.policy(), (policy, known) -> next(known, terms));
  }

  /** Forgets the policies that are gone. */
  public void retain(Set<String> policies) {
    byPolicy.keySet().retainAll(policies);
  }

  private RateLimiter next(@Nullable RateLimiter known, RateLimit terms) {
    return known != null && known.terms().equals(terms) ? known : new RateLimiter(terms, ticker);
  }
}
