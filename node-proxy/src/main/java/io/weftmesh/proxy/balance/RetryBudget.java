package io.weftmesh.proxy.balance;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How many retries a Service bears. When a Service fails for a reason that a retry does not cure,
 * retries multiply the load on what is left of it; a budget bounds the multiple where a limit per
 * request cannot [1].
 *
 * <p>Within a {@link SlidingCounts sliding window}, retries may be at most a share of the requests,
 * plus some per second so that a Service with little traffic can be retried at all:
 *
 * <pre>retries(window) ≤ ratio × requests(window) + perSecond × window</pre>
 *
 * <p>What is counted belongs to the Service, the terms to whoever asks: {@link #with other terms}
 * see the same requests and retries, so that all retries of a Service are counted together.
 *
 * <p>Thread-safe; shared by all loops and all kinds of retries.
 *
 * <p>[1] Beyer et al. (eds.), "Site Reliability Engineering", 2016, chapter 21; Finagle's {@code
 * RetryBudget}; GEP-3388.
 */
public final class RetryBudget {
  private final LongSupplier ticker;
  private final Terms terms;
  private final double reserve;

  /** Requests, and retries among what was sent. Its own lock; shared by all terms of a Service. */
  private final SlidingCounts counts;

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
    this(terms, ticker, new SlidingCounts(terms.window(), ticker.getAsLong()));
  }

  private RetryBudget(Terms terms, LongSupplier ticker, SlidingCounts counts) {
    this.terms = terms;
    this.ticker = ticker;
    this.reserve = terms.perSecond * terms.window.toNanos() / 1e9;
    this.counts = counts;
  }

  /** The same window with another bound: what was counted stays counted. */
  RetryBudget with(double ratio, double perSecond) {
    return new RetryBudget(new Terms(ratio, perSecond, terms.window), ticker, counts);
  }

  public Terms terms() {
    return terms;
  }

  /** Counts a request that was not itself a retry. */
  public void request() {
    synchronized (counts) {
      counts.slideTo(ticker.getAsLong());
      counts.add(1, 0);
    }
  }

  /** Takes one retry out of the budget; false if there is none left, and then nothing is taken. */
  public boolean tryRetry() {
    synchronized (counts) {
      counts.slideTo(ticker.getAsLong());
      if (counts.some() + 1 > bound()) {
        return false;
      }
      counts.add(0, 1);
      return true;
    }
  }

  /** Retries that could be made now. */
  public long left() {
    synchronized (counts) {
      counts.slideTo(ticker.getAsLong());
      return Math.max(0, (long) bound() - counts.some());
    }
  }

  private double bound() {
    return terms.ratio * counts.all() + reserve;
  }
}
