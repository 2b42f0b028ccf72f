package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.RetryPolicy;
import java.util.random.RandomGenerator;

/**
 * The pause before a retry: it doubles each time up to a bound, and is random in its upper half, so
 * that what failed together does not come back together [1].
 *
 * <p>[1] "Equal jitter" in Marc Brooker's "Exponential Backoff and Jitter", 2015.
 */
final class Backoff {
  private Backoff() {}

  /**
   * How long to wait.
   *
   * @param retry which one, from 1
   */
  static long nanos(RetryPolicy.Backoff terms, int retry, RandomGenerator random) {
    long base = terms.base().toNanos();
    long max = terms.max().toNanos();
    long full = retry >= 32 ? max : Math.min(max, base << (retry - 1));
    return full / 2 + (long) (random.nextDouble() * (full - full / 2));
  }
}
