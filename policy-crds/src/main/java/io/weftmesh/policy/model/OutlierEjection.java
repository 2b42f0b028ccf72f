package io.weftmesh.policy.model;

import java.time.Duration;
import java.util.Optional;

/**
 * When an endpoint that fails is left out for a while. A failure is an answer 5xx (or a gRPC status
 * that says the same), a try that timed out, and no answer at all.
 *
 * @param consecutiveFailures in a row that eject it; 0 does not look at them
 * @param successRate below which it is ejected; empty does not look at it
 * @param baseTime how long it is out the first time; twice as long each further time, up to {@code
 *     maxTime}
 * @param maxEjectedPercent of a backend's endpoints that may be out at once, rounded down; the last
 *     one never is
 */
public record OutlierEjection(
    int consecutiveFailures,
    Optional<SuccessRate> successRate,
    Duration baseTime,
    Duration maxTime,
    int maxEjectedPercent) {
  /** What is not said in a policy that wants ejection. */
  public static final OutlierEjection DEFAULT =
      new OutlierEjection(5, Optional.empty(), Duration.ofSeconds(10), Duration.ofMinutes(5), 50);

  /**
   * The share of good answers over a sliding window.
   *
   * @param minRequests in the window, for the share to mean anything
   * @param minPercent that must be good
   */
  public record SuccessRate(Duration window, int minRequests, int minPercent) {
    public static final SuccessRate DEFAULT = new SuccessRate(Duration.ofSeconds(30), 20, 80);
  }

  /** How many of so many endpoints may be out at once. */
  public int mostEjected(int endpoints) {
    return Math.max(0, Math.min(endpoints - 1, (int) ((long) endpoints * maxEjectedPercent / 100)));
  }
}
