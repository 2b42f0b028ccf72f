package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.RateLimit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets so many requests through, of all clients and of each client identity. A request that one of
 * the two refuses costs nothing of the other. Thread-safe.
 *
 * <p>There are at most {@value #MAX_IDENTITIES} buckets for identities. Those that are full again
 * are dropped when room is needed, which changes nothing for their identities; if all are in use,
 * further identities share one bucket.
 */
public final class RateLimiter {
  static final int MAX_IDENTITIES = 10_000;
  private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier ticker;
  private final RateLimit terms;
  private final @Nullable TokenBucket total;
  private final Optional<RateLimit.Rate> perIdentity;
  private final @Nullable TokenBucket overflow;
  private final Map<String, TokenBucket> byIdentity = new ConcurrentHashMap<>();

  /** When buckets were last dropped. */
  private volatile long sweptNanos;

  /**
   * @param ticker monotonic nanoseconds
   */
  public RateLimiter(RateLimit terms, LongSupplier ticker) {
    this.terms = terms;
    this.ticker = ticker;
    long now = ticker.getAsLong();
    this.total = terms.total().map(rate -> new TokenBucket(rate, now)).orElse(null);
    this.perIdentity = terms.perIdentity();
    this.overflow = perIdentity.map(rate -> new TokenBucket(rate, now)).orElse(null);
    this.sweptNanos = now - SWEEP_NANOS;
  }

  public RateLimit terms() {
    return terms;
  }

  /**
   * Lets a request through, or not.
   *
   * @param identity of the client; empty for those without one
   * @return 0 if it is let through; else the seconds after which to come again, rounded up, as they
   *     stand in {@code Retry-After} (RFC 9110, 10.2.3)
   */
  public long tryPass(String identity) {
    long now = ticker.getAsLong();
    TokenBucket own = overflow == null ? null : bucket(identity, now);
    long wait = own == null ? 0 : own.tryTake(now);
    if (wait == 0 && total != null) {
      wait = total.tryTake(now);
      if (wait > 0 && own != null) {
        own.giveBack();
      }
    }
    return Math.ceilDiv(wait, TimeUnit.SECONDS.toNanos(1));
  }

  int identities() {
    return byIdentity.size();
  }

  private @Nullable TokenBucket bucket(String identity, long now) {
    TokenBucket known = byIdentity.get(identity);
    if (known != null || perIdentity.isEmpty()) {
      return known;
    }
    if (byIdentity.size() >= MAX_IDENTITIES) {
      sweep(now);
      if (byIdentity.size() >= MAX_IDENTITIES) {
        return overflow;
      }
    }
    RateLimit.Rate rate = perIdentity.get();
    return byIdentity.computeIfAbsent(identity, unknown -> new TokenBucket(rate, now));
  }

  /** At most once a second: a flood of new identities must not buy a sweep for each. */
  private void sweep(long now) {
    if (now - sweptNanos >= SWEEP_NANOS) {
      sweptNanos = now;
      byIdentity.values().removeIf(bucket -> bucket.isFull(now));
    }
  }
}
