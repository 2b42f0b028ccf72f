package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.v1alpha1.RateLimitSpec;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Checks what a {@code TrafficPolicy} says of requests, and fills in the defaults. */
final class RequestReader {
  private static final int MOST = 1_000_000;

  private RequestReader() {}

  static RequestOverrides read(
      Written<TrafficPolicySpec> object, TrafficPolicySpec spec, Findings findings) {
    return new RequestOverrides(
        Optional.ofNullable(spec.timeouts()).map(written -> timeouts(written, findings)),
        Optional.ofNullable(spec.retries()).map(written -> RetryReader.read(written, findings)),
        Optional.ofNullable(spec.fault()).map(written -> FaultReader.read(written, findings)),
        Optional.ofNullable(spec.rateLimit()).map(written -> rateLimit(object, written, findings)));
  }

  private static Timeouts timeouts(TrafficPolicySpec.Timeouts spec, Findings findings) {
    Duration request =
        Durations.read(findings, "spec.timeouts.request", spec.request(), Duration.ZERO);
    Duration perTry =
        Durations.read(findings, "spec.timeouts.perTry", spec.perTry(), Duration.ZERO);
    if (request.isPositive() && perTry.compareTo(request) > 0) {
      findings.invalid(
          "spec.timeouts.perTry",
          "is "
              + spec.perTry()
              + ", expected no more than spec.timeouts.request, which is "
              + spec.request());
    }
    return new Timeouts(request, perTry);
  }

  private static RateLimit rateLimit(
      Written<TrafficPolicySpec> object, RateLimitSpec spec, Findings findings) {
    if (spec.total() == null && spec.perIdentity() == null) {
      findings.invalid("spec.rateLimit", "says nothing, expected total or perIdentity");
    }
    return new RateLimit(
        object.toString(),
        rate("spec.rateLimit.total", spec.total(), findings),
        rate("spec.rateLimit.perIdentity", spec.perIdentity(), findings));
  }

  private static Optional<RateLimit.Rate> rate(
      String field, RateLimitSpec.@Nullable Rate spec, Findings findings) {
    if (spec == null) {
      return Optional.empty();
    }
    int requests = findings.required(field + ".requests", spec.requests(), 1, MOST);
    int burst = findings.within(field + ".burst", spec.burst(), 1, MOST, requests);
    return Optional.of(new RateLimit.Rate(requests, per(spec.per()), burst));
  }

  private static Duration per(RateLimitSpec.@Nullable Unit unit) {
    return switch (unit) {
      case null -> Duration.ofSeconds(1);
      case SECOND -> Duration.ofSeconds(1);
      case MINUTE -> Duration.ofMinutes(1);
      case HOUR -> Duration.ofHours(1);
    };
  }
}
