package io.weftmesh.policy.compile;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.weftmesh.policy.model.GrpcStatus;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RetryPolicy.Backoff;
import io.weftmesh.policy.model.RetryPolicy.Budget;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks the retries of a {@code TrafficPolicy} and fills in the defaults. */
final class RetryReader {
  private static final int MAX_CODES = 32;
  private static final int MAX_STATUSES = 16;
  private static final TrafficPolicySpec.Backoff NO_BACKOFF =
      new TrafficPolicySpec.Backoff(null, null);
  private static final TrafficPolicySpec.Budget NO_BUDGET =
      new TrafficPolicySpec.Budget(null, null);

  private RetryReader() {}

  static RetryPolicy read(TrafficPolicySpec.Retries spec, Findings findings) {
    return new RetryPolicy(
        findings.within(
            "spec.retries.attempts", spec.attempts(), 0, 10, RetryPolicy.DEFAULT.attempts()),
        statusCodes(spec.statusCodes(), findings),
        grpcStatuses(spec.grpcStatuses(), findings),
        Boolean.TRUE.equals(spec.onReset()),
        Boolean.TRUE.equals(spec.nonIdempotent()),
        backoff(spec.backoff() == null ? NO_BACKOFF : spec.backoff(), findings),
        Durations.read(
            findings,
            "spec.retries.maxRetryAfter",
            spec.maxRetryAfter(),
            RetryPolicy.DEFAULT.maxRetryAfter()),
        budget(spec.budget() == null ? NO_BUDGET : spec.budget(), findings));
  }

  private static Set<Integer> statusCodes(@Nullable List<Integer> written, Findings findings) {
    Set<Integer> codes = new LinkedHashSet<>();
    List<Integer> bounded = findings.atMost("spec.retries.statusCodes", written, MAX_CODES);
    for (int i = 0; i < bounded.size(); i++) {
      codes.add(findings.required("spec.retries.statusCodes[" + i + "]", bounded.get(i), 400, 599));
    }
    return codes;
  }

  private static Set<Integer> grpcStatuses(@Nullable List<IntOrString> written, Findings findings) {
    Set<Integer> numbers = new LinkedHashSet<>();
    List<IntOrString> bounded = findings.atMost("spec.retries.grpcStatuses", written, MAX_STATUSES);
    for (int i = 0; i < bounded.size(); i++) {
      GrpcStatus status =
          GrpcStatuses.read(findings, "spec.retries.grpcStatuses[" + i + "]", bounded.get(i));
      if (status != null) {
        numbers.add(status.number());
      }
    }
    return numbers;
  }

  private static Backoff backoff(TrafficPolicySpec.Backoff spec, Findings findings) {
    Duration base =
        Durations.read(findings, "spec.retries.backoff.base", spec.base(), Backoff.DEFAULT.base());
    Duration defaultMax = base.compareTo(Backoff.DEFAULT.max()) > 0 ? base : Backoff.DEFAULT.max();
    Duration max = Durations.read(findings, "spec.retries.backoff.max", spec.max(), defaultMax);
    if (base.compareTo(max) > 0) {
      findings.invalid(
          "spec.retries.backoff.max",
          "is "
              + spec.max()
              + ", expected no less than spec.retries.backoff.base, which is "
              + (spec.base() == null ? base.toMillis() + "ms" : spec.base()));
    }
    return new Backoff(base, max);
  }

  private static Budget budget(TrafficPolicySpec.Budget spec, Findings findings) {
    Integer percent = findings.within("spec.retries.budget.percent", spec.percent(), 0, 100);
    Integer perSecond =
        findings.within("spec.retries.budget.perSecond", spec.perSecond(), 0, 10_000);
    return new Budget(
        percent == null ? Budget.DEFAULT.ratio() : percent / 100.0,
        perSecond == null ? Budget.DEFAULT.perSecond() : perSecond);
  }
}
