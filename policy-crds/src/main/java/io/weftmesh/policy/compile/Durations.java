package io.weftmesh.policy.compile;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as Gateway API writes them (GEP-2257): {@code 1h30m}, {@code 250ms}. */
final class Durations {
  private static final Pattern WHOLE = Pattern.compile("([0-9]{1,5}(h|m|s|ms)){1,4}");
  private static final Pattern PART = Pattern.compile("([0-9]{1,5})(ms|h|m|s)");

  private Durations() {}

  /** Null if the text is no duration. */
  static @Nullable Duration parse(String text) {
    if (!WHOLE.matcher(text).matches()) {
      return null;
    }
    Duration sum = Duration.ZERO;
    Matcher parts = PART.matcher(text);
    while (parts.find()) {
      long count = Long.parseLong(parts.group(1));
      sum =
          sum.plus(
              switch (parts.group(2)) {
                case "h" -> Duration.ofHours(count);
                case "m" -> Duration.ofMinutes(count);
                case "s" -> Duration.ofSeconds(count);
                default -> Duration.ofMillis(count);
              });
    }
    return sum;
  }

  /** The duration of a field, or its default where it is left out or wrong. */
  static Duration read(
      Findings findings, String field, @Nullable String text, Duration defaultValue) {
    if (text == null) {
      return defaultValue;
    }
    Duration duration = parse(text);
    if (duration == null) {
      findings.invalid(field, "is \"" + text + "\", expected a duration such as 250ms or 1m30s");
      return defaultValue;
    }
    return duration;
  }
}
