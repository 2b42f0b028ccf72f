package io.weftmesh.lab.noise;

import static io.weftmesh.lab.host.Template.fill;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What the noise has brought through up to a moment, or in a time between two.
 *
 * @param nanos the moment, by a clock that all processes share, or the time
 * @param bytes taken from the senders of bulk; some of them are still on their way
 * @param connections that were opened, answered and closed
 * @param heads large ones that were answered with 200
 * @param refused large ones that were answered with an error
 * @param failures connections that ended without an answer
 */
public record NoiseCount(
    long nanos, long bytes, long connections, long heads, long refused, long failures) {
  private static final Pattern LINE =
      Pattern.compile("noise (\\d+) (\\d+) (\\d+) (\\d+) (\\d+) (\\d+)");

  /**
   * The last that a noise has printed.
   *
   * @throws IllegalStateException when it has printed none
   */
  public static NoiseCount last(String log) {
    List<NoiseCount> all = LINE.matcher(log).results().map(NoiseCount::of).toList();
    if (all.isEmpty()) {
      throw new IllegalStateException("the noise has counted nothing: " + log);
    }
    return all.getLast();
  }

  /** Whether a noise has printed one yet. */
  public static boolean isIn(String log) {
    return LINE.matcher(log).find();
  }

  private static NoiseCount of(MatchResult line) {
    return new NoiseCount(
        Long.parseLong(line.group(1)),
        Long.parseLong(line.group(2)),
        Long.parseLong(line.group(3)),
        Long.parseLong(line.group(4)),
        Long.parseLong(line.group(5)),
        Long.parseLong(line.group(6)));
  }

  /** What came after {@code before}. */
  public NoiseCount since(NoiseCount before) {
    return new NoiseCount(
        nanos - before.nanos,
        bytes - before.bytes,
        connections - before.connections,
        heads - before.heads,
        refused - before.refused,
        failures - before.failures);
  }

  /** What two of them have brought through in the same time. */
  public NoiseCount and(NoiseCount other) {
    return new NoiseCount(
        nanos,
        bytes + other.bytes,
        connections + other.connections,
        heads + other.heads,
        refused + other.refused,
        failures + other.failures);
  }

  /** A line of a log, for {@link #last}. */
  String line() {
    return fill("noise %d %d %d %d %d %d", nanos, bytes, connections, heads, refused, failures);
  }

  /** Of a time: what that is in a second. */
  @Override
  public String toString() {
    double seconds = nanos / 1e9;
    return fill(
        "%.1f Gbit/s, %.0f connections/s, %.0f large heads/s taken and %.0f refused, %.1f"
            + " failures/s",
        bytes * 8 / 1e9 / seconds,
        connections / seconds,
        heads / seconds,
        refused / seconds,
        failures / seconds);
  }
}
