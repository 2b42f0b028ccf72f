package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import java.util.Optional;

/** What one policy says of requests, section by section; empty is what it leaves to a wider one. */
record RequestOverrides(
    Optional<Timeouts> timeouts,
    Optional<RetryPolicy> retries,
    Optional<FaultPolicy> fault,
    Optional<RateLimit> rateLimit) {
  static final RequestOverrides NONE =
      new RequestOverrides(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /** What holds when this is said on top of a wider policy. */
  RequestPolicy over(RequestPolicy wider) {
    return new RequestPolicy(
        timeouts.orElse(wider.timeouts()),
        retries.orElse(wider.retries()),
        fault.or(wider::fault),
        rateLimit.or(wider::rateLimit));
  }
}
