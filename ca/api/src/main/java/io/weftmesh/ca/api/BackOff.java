package io.weftmesh.ca.api;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How long to wait before the next try: a fifth of a second at first, then half as long again each
 * time, up to 3 s, give or take a half so that the nodes of a cluster don't come back together.
 */
final class BackOff {
  private static final double FIRST_SECONDS = 0.2;
  private static final double FACTOR = 1.5;
  private static final double LONGEST_SECONDS = 3;

  private final DoubleSupplier random;
  private int tries;

  BackOff(DoubleSupplier random) {
    this.random = random;
  }

  Duration next() {
    double seconds = Math.min(FIRST_SECONDS * Math.pow(FACTOR, tries), LONGEST_SECONDS);
    tries++;
    return Duration.ofNanos((long) (seconds * (0.5 + random.getAsDouble()) * 1e9));
  }

  void reset() {
    tries = 0;
  }
}
