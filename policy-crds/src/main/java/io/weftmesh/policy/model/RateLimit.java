package io.weftmesh.policy.model;

import java.time.Duration;
import java.util.Optional;

/**
 * How many requests are let through on each node; beyond them: 429.
 *
 * @param policy the object that says so, which all the rules that it holds for share one count of
 * @param total for all clients together
 * @param perIdentity for each client identity; clients without one share a count
 */
public record RateLimit(String policy, Optional<Rate> total, Optional<Rate> perIdentity) {

  /**
   * A bucket of tokens, of which each request takes one.
   *
   * @param requests refilled in each {@code per}, evenly
   * @param burst what the bucket holds: requests that may come at once after a silence
   */
  public record Rate(int requests, Duration per, int burst) {
    @Override
    public String toString() {
      return requests + " in " + per + ", " + burst + " at once";
    }
  }
}
