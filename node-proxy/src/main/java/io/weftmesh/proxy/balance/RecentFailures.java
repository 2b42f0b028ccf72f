package io.weftmesh.proxy.balance;

/**
 * Failures of an endpoint, each of which fades away: one that is {@code t} old counts {@code exp(-t
 * / 1 s)}. So by Little's law an endpoint that fails at once counts as many requests in hand as one
 * that makes each of them wait for a second, and who looks at requests in hand alone is not drawn
 * to it. Thread-safe; reading takes no lock.
 */
final class RecentFailures {
  private static final double FADING_NANOS = PeakEwma.FAILURE_NANOS;

  private volatile double count;
  private volatile long stampNanos;

  synchronized void add(long nowNanos) {
    count = count(nowNanos) + 1;
    stampNanos = nowNanos;
  }

  double count(long nowNanos) {
    double last = count;
    return last == 0 ? 0 : last * Math.exp(Math.min(0, stampNanos - nowNanos) / FADING_NANOS);
  }
}
