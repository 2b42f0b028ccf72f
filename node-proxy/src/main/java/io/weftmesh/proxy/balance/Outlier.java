package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.OutlierEjection;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Whether one endpoint is ejected, and what speaks for it.
 *
 * <pre>
 *   in ──failures, see {@link Outliers}──► out ──its time is over, one request──► probing
 *   ▲                                      ▲ ▲                                    │ │ │
 *   └──────────────── good ────────────────┼─┼────────────────────────────────────┘ │ │
 *                                          │ └───── bad, for twice as long ─────────┘ │
 *                                          └── given up without an outcome, due now ──┘
 * </pre>
 *
 * <p>A probe that hangs does not keep the endpoint out for ever: when it has hung for as long as
 * the ejection was, another request probes.
 *
 * <p>Thread-safe: the state is one immutable object, changed by compare and set, so that of many
 * loops one gets the probe. Asking takes no lock.
 */
final class Outlier {
  /** Doubling ends where no ejection is that long any more. */
  private static final int MOST_DOUBLED = 30;

  private static final String PROBE_FAILED = ", then the probe failed";

  /** Null: it is in. */
  private final AtomicReference<@Nullable Ejection> state = new AtomicReference<>();

  // Guarded by this.
  private int inARow;
  private @Nullable SlidingCounts counts;
  private OutlierEjection.@Nullable SuccessRate countedFor;
  private int times;
  private long readmittedNanos;

  /**
   * One ejection.
   *
   * @param untilNanos when it may be probed
   * @param times how often in a row it was ejected
   * @param why in words for people
   * @param probing whether a request is under way that decides
   */
  record Ejection(long untilNanos, int times, String why, boolean probing) {}

  /** The ejection that it is under; null if it is in. */
  @Nullable Ejection ejection() {
    return state.get();
  }

  /** Whether it is to be left alone. */
  boolean isOut(long nowNanos) {
    Ejection ejection = state.get();
    return ejection != null && nowNanos - ejection.untilNanos < 0;
  }

  /** Whether the next request is to probe it. */
  boolean isDue(long nowNanos) {
    Ejection ejection = state.get();
    return ejection != null && nowNanos - ejection.untilNanos >= 0;
  }

  /** Takes the probe; null if it isn't due, or somebody else was quicker. */
  @Nullable Ejection probe(OutlierEjection rules, long nowNanos) {
    Ejection due = state.get();
    if (due == null || nowNanos - due.untilNanos < 0) {
      return null;
    }
    Ejection probing =
        new Ejection(nowNanos + lengthNanos(rules, due.times), due.times, due.why, true);
    return state.compareAndSet(due, probing) ? probing : null;
  }

  /** The probe went well. */
  synchronized void readmit(Ejection probe, long nowNanos) {
    if (state.compareAndSet(probe, null)) {
      forget();
      times = probe.times;
      readmittedNanos = nowNanos;
    }
  }

  /** The probe failed. */
  void ejectAgain(Ejection probe, OutlierEjection rules, long nowNanos) {
    int again = Math.min(probe.times + 1, MOST_DOUBLED);
    String why = probe.why.endsWith(PROBE_FAILED) ? probe.why : probe.why + PROBE_FAILED;
    state.compareAndSet(
        probe, new Ejection(nowNanos + lengthNanos(rules, again), again, why, false));
  }

  /** The probe ended without an outcome. */
  void probeAgain(Ejection probe, long nowNanos) {
    state.compareAndSet(probe, new Ejection(nowNanos, probe.times, probe.why, false));
  }

  /** Ejects it. Time spent well after the last ejection is taken off the doubling. */
  synchronized void eject(String why, OutlierEjection rules, long nowNanos) {
    long well = (nowNanos - readmittedNanos) / rules.baseTime().toNanos();
    int count = times == 0 ? 1 : (int) Math.min(Math.max(0, times - well) + 1, MOST_DOUBLED);
    state.compareAndSet(
        null, new Ejection(nowNanos + lengthNanos(rules, count), count, why, false));
  }

  /** Lets it in without a probe, with a clean record. */
  synchronized void release() {
    state.set(null);
    forget();
    times = 0;
  }

  synchronized void good(OutlierEjection rules, long nowNanos) {
    inARow = 0;
    if (rules.successRate().isPresent()) {
      count(rules.successRate().get(), 1, nowNanos);
    }
  }

  /** Counts a failure; what it amounts to, in words, or null if it is no reason to eject. */
  synchronized @Nullable String bad(OutlierEjection rules, long nowNanos) {
    inARow++;
    SlidingCounts counted =
        rules.successRate().isPresent() ? count(rules.successRate().get(), 0, nowNanos) : null;
    if (rules.consecutiveFailures() > 0 && inARow >= rules.consecutiveFailures()) {
      return inARow + " failures in a row";
    }
    if (counted == null || rules.successRate().isEmpty()) {
      return null;
    }
    OutlierEjection.SuccessRate rate = rules.successRate().get();
    boolean poor =
        counted.all() >= rate.minRequests()
            && counted.some() * 100 < (long) rate.minPercent() * counted.all();
    return poor
        ? counted.some() + " of " + counted.all() + " answers were good in " + rate.window()
        : null;
  }

  private SlidingCounts count(OutlierEjection.SuccessRate rate, int good, long nowNanos) {
    SlidingCounts kept = counts;
    if (kept == null || !rate.equals(countedFor)) {
      kept = new SlidingCounts(rate.window(), nowNanos);
      counts = kept;
      countedFor = rate;
    }
    kept.slideTo(nowNanos);
    kept.add(1, good);
    return kept;
  }

  private void forget() {
    inARow = 0;
    counts = null;
  }

  private static long lengthNanos(OutlierEjection rules, int times) {
    long base = rules.baseTime().toNanos();
    long max = rules.maxTime().toNanos();
    return base > max >> (times - 1) ? max : base << (times - 1);
  }
}
