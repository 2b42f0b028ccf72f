package io.weftmesh.ca.server.node;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket for each node. A node that starts needs an identity for each of its service
 * accounts at once, which the depth allows; after that it renews a few per minute. Thread-safe.
 */
public final class RateLimit {
  /** The most pods that a node is known to be run with, and half as many again. */
  static final int DEPTH = 375;

  static final int PER_SECOND = 10;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Buckets that have filled up again say nothing; they are dropped when there are this many. */
  private static final int MAX_BUCKETS = 1024;

  private final LongSupplier ticker;
  private final Map<String, Bucket> buckets = new HashMap<>();

  /**
   * @param ticker nanoseconds from any origin
   */
  public RateLimit(LongSupplier ticker) {
    this.ticker = ticker;
  }

  /** Takes one from the node's bucket. */
  public synchronized void take(String node) throws RefusedException {
    long now = ticker.getAsLong();
    if (buckets.size() >= MAX_BUCKETS) {
      buckets.values().removeIf(bucket -> bucket.level(now) >= DEPTH);
    }
    if (!buckets.computeIfAbsent(node, _ -> new Bucket(now)).take(now)) {
      throw new RefusedException(
          Refusal.RATE_LIMITED,
          "node "
              + node
              + " asks for more than "
              + PER_SECOND
              + " identities per second, after "
              + DEPTH
              + " at once");
    }
  }

  private static final class Bucket {
    private double level = DEPTH;
    private long filledAtNanos;

    Bucket(long now) {
      filledAtNanos = now;
    }

    double level(long now) {
      return Math.min(DEPTH, level + (now - filledAtNanos) / NANOS_PER_SECOND * PER_SECOND);
    }

    boolean take(long now) {
      level = level(now);
      filledAtNanos = now;
      if (level < 1) {
        return false;
      }
      level -= 1;
      return true;
    }
  }
}
