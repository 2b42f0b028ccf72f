package io.weftmesh.lab.host;

import static io.weftmesh.lab.host.Template.fill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits on conditions of other processes, which nothing announces. */
public final class Wait {
  private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(20);
  private static final long FIRST_PAUSE_NANOS = 1_000_000;
  private static final long LONGEST_PAUSE_NANOS = 20_000_000;

  private Wait() {}

  /** A condition that reads files or sockets. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws IOException;
  }

  /**
   * Waits for up to 20 seconds.
   *
   * @param what names what is waited for, in the error
   * @throws IllegalStateException when it has not come after 20 seconds
   */
  public static void until(Condition condition, String what) {
    if (!until(condition, DEFAULT_LIMIT)) {
      throw new IllegalStateException(
          fill("waited %d s in vain for %s", DEFAULT_LIMIT.toSeconds(), what));
    }
  }

  /** Returns whether the condition came to hold within {@code limit}. */
  public static boolean until(Condition condition, Duration limit) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    try {
      while (!condition.holds()) {
        if (System.nanoTime() - start > limit.toNanos() || Thread.currentThread().isInterrupted()) {
          return false;
        }
        LockSupport.parkNanos(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
