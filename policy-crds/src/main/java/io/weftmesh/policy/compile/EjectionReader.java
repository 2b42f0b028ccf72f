package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.OutlierEjection.SuccessRate;
import io.weftmesh.policy.v1alpha1.OutlierEjectionSpec;
import java.time.Duration;
import java.util.Optional;

/** Checks the outlier ejection of a {@code TrafficPolicy} and fills in the defaults. */
final class EjectionReader {
  private static final String AT = "spec.outlierEjection.";
  private static final Duration MIN_WINDOW = Duration.ofSeconds(1);
  private static final Duration MAX_WINDOW = Duration.ofHours(1);

  private EjectionReader() {}

  static OutlierEjection read(OutlierEjectionSpec spec, Findings findings) {
    OutlierEjection unsaid = OutlierEjection.DEFAULT;
    Duration base =
        Durations.read(
            findings, AT + "baseEjectionTime", spec.baseEjectionTime(), unsaid.baseTime());
    Duration defaultMax = base.compareTo(unsaid.maxTime()) > 0 ? base : unsaid.maxTime();
    Duration max =
        Durations.read(findings, AT + "maxEjectionTime", spec.maxEjectionTime(), defaultMax);
    if (base.isZero()) {
      findings.invalid(AT + "baseEjectionTime", "is 0, expected more, such as 10s");
    }
    if (base.compareTo(max) > 0) {
      findings.invalid(
          AT + "maxEjectionTime",
          "is "
              + spec.maxEjectionTime()
              + ", expected no less than spec.outlierEjection.baseEjectionTime, which is "
              + (spec.baseEjectionTime() == null ? "10s" : spec.baseEjectionTime()));
    }
    int failures =
        findings.within(
            AT + "consecutiveFailures",
            spec.consecutiveFailures(),
            0,
            1000,
            unsaid.consecutiveFailures());
    if (failures == 0 && spec.successRate() == null) {
      findings.invalid(
          AT + "consecutiveFailures",
          "is 0, and there is no successRate either, so that nothing is ever ejected: leave"
              + " outlierEjection out to mean that");
    }
    return new OutlierEjection(
        failures,
        Optional.ofNullable(spec.successRate()).map(written -> successRate(written, findings)),
        base,
        max,
        findings.within(
            AT + "maxEjectedPercent",
            spec.maxEjectedPercent(),
            0,
            100,
            unsaid.maxEjectedPercent()));
  }

  private static SuccessRate successRate(OutlierEjectionSpec.SuccessRate spec, Findings findings) {
    SuccessRate unsaid = SuccessRate.DEFAULT;
    String at = AT + "successRate.";
    Duration window = Durations.read(findings, at + "window", spec.window(), unsaid.window());
    if (window.compareTo(MIN_WINDOW) < 0 || window.compareTo(MAX_WINDOW) > 0) {
      findings.invalid(at + "window", "is " + spec.window() + ", expected 1s to 1h");
    }
    return new SuccessRate(
        window,
        findings.within(at + "minRequests", spec.minRequests(), 1, 1_000_000, unsaid.minRequests()),
        findings.within(at + "minPercent", spec.minPercent(), 1, 100, unsaid.minPercent()));
  }
}
