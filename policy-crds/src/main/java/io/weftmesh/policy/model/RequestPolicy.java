package io.weftmesh.policy.model;

import java.util.Optional;

/** What holds for the requests of a rule, wherever they go. */
public record RequestPolicy(
    Timeouts timeouts,
    RetryPolicy retries,
    Optional<FaultPolicy> fault,
    Optional<RateLimit> rateLimit) {
  /** What holds where nobody says anything. */
  public static final RequestPolicy DEFAULT = new RequestPolicy(Timeouts.NONE, RetryPolicy.DEFAULT);

  /** Without faults and rate limit. */
  public RequestPolicy(Timeouts timeouts, RetryPolicy retries) {
    this(timeouts, retries, Optional.empty(), Optional.empty());
  }
}
