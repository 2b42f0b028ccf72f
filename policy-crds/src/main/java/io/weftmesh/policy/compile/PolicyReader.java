package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RetryPolicy.Backoff;
import io.weftmesh.policy.model.RetryPolicy.Budget;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks a {@code TrafficPolicy} and fills in the defaults. */
final class PolicyReader {
  private static final TrafficPolicySpec.Timeouts NO_TIMEOUTS =
      new TrafficPolicySpec.Timeouts(null, null, null, null);
  private static final TrafficPolicySpec.Backoff NO_BACKOFF =
      new TrafficPolicySpec.Backoff(null, null);
  private static final TrafficPolicySpec.Budget NO_BUDGET =
      new TrafficPolicySpec.Budget(null, null);

  private PolicyReader() {}

  static RequestSettings read(TrafficPolicySpec spec, Findings findings) {
    TrafficPolicySpec.Timeouts timeouts = spec.timeouts() == null ? NO_TIMEOUTS : spec.timeouts();
    return new RequestSettings(
        new RequestPolicy(
            requestTimeouts(timeouts, findings),
            spec.retries() == null ? RetryPolicy.DEFAULT : retries(spec.retries(), findings)),
        backend(timeouts, findings));
  }

  private static Timeouts requestTimeouts(TrafficPolicySpec.Timeouts spec, Findings findings) {
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

  private static BackendSettings backend(TrafficPolicySpec.Timeouts spec, Findings findings) {
    Duration connect =
        Durations.read(
            findings,
            "spec.timeouts.connect",
            spec.connect(),
            BackendSettings.DEFAULT.connectTimeout());
    if (connect.isZero()) {
      findings.invalid("spec.timeouts.connect", "is 0, expected more, such as 5s");
    }
    Duration idle =
        Durations.read(
            findings, "spec.timeouts.idle", spec.idle(), BackendSettings.DEFAULT.idleTimeout());
    return new BackendSettings(connect, idle, LoadBalancing.PEAK_EWMA);
  }

  private static RetryPolicy retries(TrafficPolicySpec.Retries spec, Findings findings) {
    Integer attempts = findings.within("spec.retries.attempts", spec.attempts(), 0, 10);
    return new RetryPolicy(
        attempts == null ? RetryPolicy.DEFAULT.attempts() : attempts,
        statusCodes(spec.statusCodes(), findings),
        Boolean.TRUE.equals(spec.nonIdempotent()),
        backoff(spec.backoff() == null ? NO_BACKOFF : spec.backoff(), findings),
        budget(spec.budget() == null ? NO_BUDGET : spec.budget(), findings));
  }

  private static Set<Integer> statusCodes(@Nullable List<Integer> written, Findings findings) {
    Set<Integer> codes = new LinkedHashSet<>();
    if (written != null) {
      for (int i = 0; i < written.size(); i++) {
        Integer code =
            findings.within("spec.retries.statusCodes[" + i + "]", written.get(i), 400, 599);
        if (code != null) {
          codes.add(code);
        }
      }
    }
    return codes;
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
