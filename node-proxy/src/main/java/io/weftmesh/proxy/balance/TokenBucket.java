package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.RateLimit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bucket of tokens that fills evenly, kept as one number: the moment when it will be full [1].
 * Taking a token puts that off by the time in which one token flows in; a token is there as long as
 * that moment is not further away than the whole bucket takes to fill. Thread-safe without a lock,
 * and exact: there is no timer that refills it in steps.
 *
 * <p>[1] The generic cell rate algorithm: ITU-T I.371, annex A.
 */
final class TokenBucket {
  private final long tokenNanos;
  private final long fillNanos;
  private final AtomicLong fullAtNanos;

  TokenBucket(RateLimit.Rate rate, long nowNanos) {
    this.tokenNanos = Math.max(1, rate.per().toNanos() / rate.requests());
    this.fillNanos = tokenNanos * rate.burst();
    this.fullAtNanos = new AtomicLong(nowNanos);
  }

  /** Takes a token if there is one: 0; else the nanoseconds until there will be. */
  long tryTake(long nowNanos) {
    while (true) {
      long fullAt = fullAtNanos.get();
      long from = fullAt - nowNanos > 0 ? fullAt : nowNanos;
      long wait = from + tokenNanos - nowNanos - fillNanos;
      if (wait > 0) {
        return wait;
      }
      if (fullAtNanos.compareAndSet(fullAt, from + tokenNanos)) {
        return 0;
      }
    }
  }

  /** Gives back a token that was taken and not used. */
  void giveBack() {
    fullAtNanos.addAndGet(-tokenNanos);
  }

  /** A full bucket is as good as a new one. */
  boolean isFull(long nowNanos) {
    return fullAtNanos.get() - nowNanos <= 0;
  }
}
