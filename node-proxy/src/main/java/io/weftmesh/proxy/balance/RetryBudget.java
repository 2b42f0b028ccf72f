package io.weftmesh.proxy.balance;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How many retries a Service bears. When a Service fails for a reason that a retry does not cure,
 * retries multiply the load on what is left of it; a budget bounds the multiple where a limit per
 * request cannot [1].
 *
 * <p>Within a sliding window, retries may be at most a share of the requests, plus some per second
 * so that a Service with little traffic can be retried at all:
 *
 * <pre>retries(window) ≤ ratio × requests(window) + perSecond × window</pre>
 *
 * The window is a ring of {@value #SLOTS} slots, so it slides in steps of a twentieth; the oldest
 * slot is dropped whole.
 *
 * <p>Thread-safe; one instance per Service, shared by all loops and all kinds of retries. The lock
 * is held for a few additions.
 *
 * <p>[1] Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 21; Finagle's {@code
 * RetryBudget}; GEP-3388.
 */
public final class RetryBudget {
  private static final int SLOTS = 20;

  private final LongSupplier ticker;
  private final Terms terms;
  private final double reserve;
  private final long slotNanos;

  // Guarded by this.
  private final long[] requests = new long[SLOTS];
  private final long[] retries = new long[SLOTS];
  private long requestSum;
  private long retrySum;
  private long slot;

  /**
   * What the user sets.
   *
   * @param ratio retries per request, 0.2 being one retry for five requests
   * @param perSecond retries per second allowed whatever the requests
   * @param window what is looked back at
   */
  public record Terms(double ratio, double perSecond, Duration window) {
    public static final Terms DEFAULT = new Terms(0.2, 10, Duration.ofSeconds(10));

    public Terms {
      if (!(ratio >= 0 && ratio <= 1000)) {
        throw new IllegalArgumentException(
            "retry budget ratio " + ratio + ", expected a share such as 0.2");
      }
      if (!(perSecond >= 0 && perSecond <= 1_000_000)) {
        throw new IllegalArgumentException(
            "retry budget per second " + perSecond + ", expected 0 to 1000000");
      }
      if (window.compareTo(Duration.ofSeconds(1)) < 0
          || window.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException(
            "retry budget window " + window + ", expected one second to one hour");
      }
    }
  }

  /**
   * @param ticker monotonic nanoseconds
   */
  public RetryBudget(Terms terms, LongSupplier ticker) {
    this.terms = terms;
    this.ticker = ticker;
    this.reserve = terms.perSecond * terms.window.toNanos() / 1e9;
    this.slotNanos = terms.window.toNanos() / SLOTS;
    this.slot = Math.floorDiv(ticker.getAsLong(), slotNanos);
  }

  public Terms terms() {
    return terms;
  }

  /** Counts a request that was not itself a retry. */
  public synchronized void request() {
    slide();
    requests[index()]++;
    requestSum++;
  }

  /** Takes one retry out of the budget; false if there is none left, and then nothing is taken. */
  public synchronized boolean tryRetry() {
    slide();
    if (retrySum + 1 > terms.ratio * requestSum + reserve) {
      return false;
    }
    retries[index()]++;
    retrySum++;
    return true;
  }

  /** Retries that could be made now. */
  public synchronized long left() {
    slide();
    return Math.max(0, (long) (terms.ratio * requestSum + reserve) - retrySum);
  }

  private int index() {
    return (int) Math.floorMod(slot, (long) SLOTS);
  }

  private void slide() {
    long now = Math.floorDiv(ticker.getAsLong(), slotNanos);
    // Threads do not read the clock under the lock of the clock: it may lag, it never turns back.
    long steps = Math.min(now - slot, SLOTS);
    for (long step = 0; step < steps; step++) {
      slot = now - steps + step + 1;
      requestSum -= requests[index()];
      retrySum -= retries[index()];
      requests[index()] = 0;
      retries[index()] = 0;
    }
  }
}
