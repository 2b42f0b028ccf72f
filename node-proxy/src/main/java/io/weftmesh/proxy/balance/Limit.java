package io.weftmesh.proxy.balance;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts something that may not grow without bound (connections, streams, requests waiting), and
 * refuses beyond it. Thread-safe.
 */
public final class Limit {
  private volatile int max;
  private final AtomicInteger held = new AtomicInteger();
  private final LongAdder refused = new LongAdder();

  public Limit(int max) {
    this.max = checked(max);
  }

  /** Changes the bound. Places beyond a lower one stay taken until they are given back. */
  void resize(int newMax) {
    if (newMax != max) {
      max = checked(newMax);
    }
  }

  /** A place, to be given back by closing it; null if all are taken. */
  public @Nullable Guard tryAcquire() {
    // Counting first and looking afterwards may refuse one too many under a race at the brim, but
    // never admits one, and needs no loop.
    if (held.incrementAndGet() > max) {
      held.decrementAndGet();
      refused.increment();
      return null;
    }
    return new Guard(held);
  }

  private static int checked(int max) {
    if (max < 1) {
      throw new IllegalArgumentException("limit " + max + ", expected at least 1");
    }
    return max;
  }

  public int max() {
    return max;
  }

  /** Places taken now. */
  public int held() {
    return Math.min(held.get(), max);
  }

  /** The same, with those beyond a bound that was lowered. */
  int count() {
    return held.get();
  }

  /** How many were refused since the start. */
  public long refused() {
    return refused.sum();
  }

  /** A taken place. Closing it twice gives back one. */
  public static final class Guard implements AutoCloseable {
    private @Nullable AtomicInteger held;

    private Guard(AtomicInteger held) {
      this.held = held;
    }

    /** Called by the thread that owns what is counted. */
    @Override
    public void close() {
      AtomicInteger counter = held;
      if (counter != null) {
        held = null;
        counter.decrementAndGet();
      }
    }
  }
}
