package io.weftmesh.proxy.balance;

import java.time.Duration;

/**
 * How many there were, and how many of some kind, within a sliding window: a ring of {@value
 * #SLOTS} slots, so that it slides in steps of a twentieth; the oldest slot is dropped whole.
 *
 * <p>Not thread-safe: its owner holds a lock for a few additions.
 */
final class SlidingCounts {
  private static final int SLOTS = 20;

  private final long slotNanos;
  private final long[] all = new long[SLOTS];
  private final long[] some = new long[SLOTS];
  private long allSum;
  private long someSum;
  private long slot;

  SlidingCounts(Duration window, long nowNanos) {
    this.slotNanos = window.toNanos() / SLOTS;
    this.slot = Math.floorDiv(nowNanos, slotNanos);
  }

  void add(long toAll, long toSome) {
    all[index()] += toAll;
    some[index()] += toSome;
    allSum += toAll;
    someSum += toSome;
  }

  long all() {
    return allSum;
  }

  long some() {
    return someSum;
  }

  /** Forgets what has left the window. To be called before anything else at a new moment. */
  void slideTo(long nowNanos) {
    long now = Math.floorDiv(nowNanos, slotNanos);
    // Threads read the clock before they take the lock: it may lag, it never turns back.
    long steps = Math.min(now - slot, SLOTS);
    for (long step = 0; step < steps; step++) {
      slot = now - steps + step + 1;
      allSum -= all[index()];
      someSum -= some[index()];
      all[index()] = 0;
      some[index()] = 0;
    }
  }

  private int index() {
    return (int) Math.floorMod(slot, (long) SLOTS);
  }
}
