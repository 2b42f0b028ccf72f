package io.weftmesh.lab.system;

import java.io.IOException;
import java.time.Duration;

/**
 * Checks of what was just applied: as in Gateway API's own suite each must hold three times in a
 * row, all within 30 s of the beginning.
 */
final class InARow {
  private static final int TIMES = 3;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final long startNanos = System.nanoTime();

  /** Fails with an {@link AssertionError}, or breaks off, as long as it does not hold. */
  @FunctionalInterface
  interface Check {
    void run() throws IOException;
  }

  /** Runs {@code check} until it holds, and fails as it did last when the time is up. */
  void holds(Check check) throws IOException {
    int held = 0;
    while (held < TIMES) {
      try {
        check.run();
        held++;
      } catch (AssertionError | IOException e) {
        held = 0;
        if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
          throw e;
        }
      }
    }
  }
}
