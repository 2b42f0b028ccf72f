package io.weftmesh.proxy.identity;

import java.time.Duration;
import java.time.Instant;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When certificates are renewed: at half of what is left of their life, give or take a tenth, so
 * that the pods that came together do not renew together. After a failure: after a second, then
 * twice as long each time up to half a minute, give or take a half; and more often when the
 * certificate at hand is near its end, so that a short life still sees several tries.
 */
final class RenewalSchedule {
  /** How long at most until the clock is looked at again. */
  static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);

  private static final Duration FIRST_BACK_OFF = Duration.ofSeconds(1);
  private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(30);
  private static final Duration SHORTEST = Duration.ofMillis(200);

  /** How many tries are to fit into what is left of a certificate's life. */
  private static final int TRIES = 8;

  private final DoubleSupplier random;

  RenewalSchedule(DoubleSupplier random) {
    this.random = random;
  }

  Instant renewal(Instant now, Instant notAfter) {
    return now.plus(scaled(Duration.between(now, notAfter), 0.45 + 0.1 * random.getAsDouble()));
  }

  Duration backOff(int failures, Instant now, @Nullable Svid held) {
    Duration delay = scaled(FIRST_BACK_OFF, Math.pow(2, Math.min(failures - 1, 10)));
    delay = shorter(delay, LONGEST_BACK_OFF);
    if (held != null && now.isBefore(held.notAfter())) {
      delay = shorter(delay, Duration.between(now, held.notAfter()).dividedBy(TRIES));
    }
    return longer(SHORTEST, scaled(delay, 0.5 + random.getAsDouble()));
  }

  /** From now to what comes first: the renewal, or the certificate's end. */
  Duration sleep(Instant now, Instant renewal, @Nullable Svid held) {
    Instant next = renewal;
    if (held != null && held.notAfter().isBefore(next)) {
      next = held.notAfter();
    }
    if (next.isAfter(now.plus(LONGEST_SLEEP))) {
      return LONGEST_SLEEP;
    }
    return next.isAfter(now) ? Duration.between(now, next) : Duration.ZERO;
  }

  /** A moment within the next second. */
  Duration spread() {
    return scaled(Duration.ofSeconds(1), random.getAsDouble());
  }

  private static Duration scaled(Duration duration, double factor) {
    return Duration.ofNanos((long) (duration.toNanos() * factor));
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }
}
