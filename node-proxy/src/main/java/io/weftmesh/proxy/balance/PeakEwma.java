package io.weftmesh.proxy.balance;

/**
 * How long an endpoint makes its callers wait: a moving average that believes bad news at once and
 * good news slowly.
 *
 * <p>The average is exponentially weighted by <em>time</em>, not by count [1]: an observation that
 * is {@code t} old weighs {@code exp(-t / decay)}. So a busy and a quiet endpoint forget at the
 * same speed. Three rules are added:
 *
 * <ol>
 *   <li>Peak [2]: an answer slower than the average <em>becomes</em> the average. A single request
 *       that hangs is enough to move traffic away; a run of quick ones is needed to win it back.
 *   <li>Silence is good news [2]: between observations the value decays towards zero. An endpoint
 *       that was shunned is therefore tried again, one request at a time, when it has decayed below
 *       its neighbours.
 *   <li>Failures count as slow: an endpoint that answers every request with an error within a
 *       millisecond would otherwise look like the best of all and attract everybody. A failed
 *       answer enters the average as {@link #FAILURE_NANOS}, but without the peak rule, so that the
 *       value grows with the <em>share</em> of failures: one error in a hundred must not empty an
 *       endpoint. Only an endpoint that could not be reached at all takes the peak.
 * </ol>
 *
 * <p>Thread-safe. Writers take the object's lock for some arithmetic; readers take none and may see
 * a new value with an old stamp, which is off by one decay step and harms no choice between two.
 *
 * <p>[1] Forward decay: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay: A Practical Time Decay
 * Model for Streaming Systems", 2009. [2] Peak EWMA as in Twitter Finagle's load balancer and
 * linkerd2-proxy, described in Marius Eriksen's and Oliver Gould's notes on "Beyond Round Robin:
 * Load Balancing for Latency", 2016.
 */
final class PeakEwma {
  /** What a failure costs its caller: the time in which a retry elsewhere would surely be done. */
  static final long FAILURE_NANOS = 1_000_000_000L;

  private final double decayNanos;
  private volatile double value;
  private volatile long stampNanos;

  PeakEwma(long decayNanos, long nowNanos) {
    this.decayNanos = decayNanos;
    this.stampNanos = nowNanos;
  }

  /** An answer that took {@code tookNanos}. */
  void answered(long tookNanos, long nowNanos) {
    observe((double) tookNanos, true, nowNanos);
  }

  /** An answer that says that the endpoint could not do its work. */
  void failed(long tookNanos, long nowNanos) {
    observe((double) Math.max(tookNanos, FAILURE_NANOS), tookNanos > FAILURE_NANOS, nowNanos);
  }

  /** No answer at all: not reached, or cut off. */
  void unreachable(long tookNanos, long nowNanos) {
    observe((double) Math.max(tookNanos, FAILURE_NANOS), true, nowNanos);
  }

  /** Given up by the caller after {@code waitedNanos}: the answer would have taken longer still. */
  void abandoned(long waitedNanos, long nowNanos) {
    if (waitedNanos > nanos(nowNanos)) {
      observe((double) waitedNanos, true, nowNanos);
    }
  }

  /** The average in nanoseconds, decayed to now; 0 as long as nothing was observed. */
  double nanos(long nowNanos) {
    return value * weight(nowNanos - stampNanos);
  }

  private synchronized void observe(double nanos, boolean peak, long nowNanos) {
    double weight = weight(nowNanos - stampNanos);
    double decayed = value * weight;
    value = value == 0 || (peak && nanos > decayed) ? nanos : decayed + nanos * (1 - weight);
    stampNanos = nowNanos;
  }

  /** Threads read the clock before they take the lock, so time may seem to step back a little. */
  private double weight(long elapsedNanos) {
    return elapsedNanos <= 0 ? 1 : Math.exp(-elapsedNanos / decayNanos);
  }
}
