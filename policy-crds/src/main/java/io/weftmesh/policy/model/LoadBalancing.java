package io.weftmesh.policy.model;

import java.time.Duration;

/**
 * How an endpoint is chosen among those of a backend.
 *
 * @param slowStart over which the share of an endpoint that has just come grows to its full size;
 *     zero gives it the full share at once
 */
public record LoadBalancing(Algorithm algorithm, Duration slowStart) {
  /** What holds where nobody says anything. */
  public static final LoadBalancing PEAK_EWMA =
      new LoadBalancing(new Algorithm.PeakEwma(), Duration.ZERO);

  @Override
  public String toString() {
    return slowStart.isZero() ? algorithm.toString() : algorithm + ", slow start over " + slowStart;
  }

  /** Ways of choosing. */
  public sealed interface Algorithm {

    /** The better of two drawn at random, by expected wait. */
    record PeakEwma() implements Algorithm {
      @Override
      public String toString() {
        return "PeakEwma";
      }
    }

    /** The better of two drawn at random, by requests in hand. */
    record LeastRequest() implements Algorithm {
      @Override
      public String toString() {
        return "LeastRequest";
      }
    }

    /** One after the other. */
    record RoundRobin() implements Algorithm {
      @Override
      public String toString() {
        return "RoundRobin";
      }
    }

    /** The same endpoint for the same key, as long as it is there and not overloaded. */
    record RingHash(HashKey key) implements Algorithm {
      @Override
      public String toString() {
        return "RingHash by " + key;
      }
    }
  }
}
