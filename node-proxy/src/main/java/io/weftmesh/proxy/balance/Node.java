package io.weftmesh.proxy.balance;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** What is known of one endpoint. Thread-safe: all loops tell and ask. */
final class Node {
  static final Duration FIRST_AVOIDANCE = Duration.ofSeconds(1);
  static final Duration DECAY = Duration.ofSeconds(10);

  /** The share that an endpoint begins with in a slow start. Less would tell nothing of it. */
  static final double COLD = 0.1;

  /** The fifth avoidance in a row, 16 s, is not doubled again. */
  private static final int LONGEST_AVOIDED = 5;

  final Endpoint endpoint;
  final PeakEwma latency;
  final AtomicInteger inHand = new AtomicInteger();
  final RecentFailures failures = new RecentFailures();
  final Outlier outlier = new Outlier();

  /** Names the endpoint for consistent hashing, the same in every process. */
  final long seed;

  /** How often in a row it could not be reached. */
  private final AtomicInteger strikes = new AtomicInteger();

  /** Since when it counts as there, for its slow start. */
  private final long sinceNanos;

  private final boolean newcomer;

  /** Until when it is chosen only if there is no other. */
  private volatile long avoidUntilNanos;

  /** When it was last part of a set. Guarded by the balancer. */
  long lastUseNanos;

  /**
   * @param newcomer whether it came to others that were there before it
   */
  Node(Endpoint endpoint, boolean newcomer, long nowNanos) {
    this.endpoint = endpoint;
    this.newcomer = newcomer;
    this.sinceNanos = nowNanos;
    this.latency = new PeakEwma(DECAY.toNanos(), nowNanos);
    this.avoidUntilNanos = nowNanos;
    this.seed =
        Hashes.mix(
            Hashes.of(endpoint.address().getAddress().getAddress()) + endpoint.address().getPort());
  }

  void reached(long nowNanos) {
    if (strikes.get() != 0) {
      strikes.set(0);
      avoidUntilNanos = nowNanos;
    }
  }

  /** What was under way when the first failed is of the same incident, and not counted. */
  void unreachable(long nowNanos) {
    if (isAvoided(nowNanos)) {
      return;
    }
    int count = Math.min(strikes.incrementAndGet(), LONGEST_AVOIDED);
    avoidUntilNanos = nowNanos + (FIRST_AVOIDANCE.toNanos() << (count - 1));
  }

  /** Whether it may be chosen; otherwise only if there is no other. */
  boolean isOpen(long nowNanos) {
    return !isAvoided(nowNanos) && !outlier.isOut(nowNanos);
  }

  /**
   * The share of its traffic that it may have: 1 but for a newcomer in its slow start.
   *
   * @param slowStartNanos how long that takes; 0 is not at all
   */
  double warmth(long nowNanos, long slowStartNanos) {
    long age = nowNanos - sinceNanos;
    return !newcomer || age >= slowStartNanos ? 1 : Math.max(COLD, (double) age / slowStartNanos);
  }

  private boolean isAvoided(long nowNanos) {
    return nowNanos - avoidUntilNanos < 0;
  }
}
