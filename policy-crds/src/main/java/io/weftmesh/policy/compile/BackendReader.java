package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.HashKey;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.v1alpha1.LimitsSpec;
import io.weftmesh.policy.v1alpha1.LoadBalancingSpec;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Checks what a {@code TrafficPolicy} says of connections, and fills in the defaults. */
final class BackendReader {
  private static final int MOST = 1_000_000;
  private static final String HASH_ON = "spec.loadBalancing.hashOn";
  private static final TrafficPolicySpec.Timeouts NO_TIMEOUTS =
      new TrafficPolicySpec.Timeouts(null, null, null, null);

  private BackendReader() {}

  static BackendSettings read(TrafficPolicySpec spec, Findings findings) {
    TrafficPolicySpec.Timeouts timeouts = spec.timeouts() == null ? NO_TIMEOUTS : spec.timeouts();
    LimitsSpec limits = spec.limits();
    return new BackendSettings(
        connectTimeout(timeouts, findings),
        Durations.read(
            findings, "spec.timeouts.idle", timeouts.idle(), BackendSettings.DEFAULT.idleTimeout()),
        spec.loadBalancing() == null
            ? LoadBalancing.PEAK_EWMA
            : loadBalancing(spec.loadBalancing(), findings),
        Optional.ofNullable(spec.outlierEjection())
            .map(written -> EjectionReader.read(written, findings)),
        limits == null ? TrafficLimits.NONE : limits(limits, findings),
        limits == null || limits.perClientPod() == null
            ? TrafficLimits.NONE
            : clientLimits(limits.perClientPod(), findings));
  }

  /** What is written there for a Service alone is a mistake in a policy for a route. */
  static void refuse(TrafficPolicySpec spec, RouteOrigin route, Findings findings) {
    refuse("spec.loadBalancing", spec.loadBalancing(), route, findings);
    refuse("spec.outlierEjection", spec.outlierEjection(), route, findings);
    refuse("spec.limits", spec.limits(), route, findings);
    if (spec.timeouts() != null) {
      refuse("spec.timeouts.connect", spec.timeouts().connect(), route, findings);
      refuse("spec.timeouts.idle", spec.timeouts().idle(), route, findings);
    }
  }

  private static void refuse(
      String field, @Nullable Object written, RouteOrigin route, Findings findings) {
    if (written != null) {
      findings.invalid(
          field,
          "is set for "
              + route
              + ", expected only for a Service, whose connections it is about: write it in a"
              + " policy with targetRef.kind Service");
    }
  }

  private static Duration connectTimeout(TrafficPolicySpec.Timeouts spec, Findings findings) {
    Duration connect =
        Durations.read(
            findings,
            "spec.timeouts.connect",
            spec.connect(),
            BackendSettings.DEFAULT.connectTimeout());
    if (connect.isZero()) {
      findings.invalid("spec.timeouts.connect", "is 0, expected more, such as 5s");
    }
    return connect;
  }

  private static LoadBalancing loadBalancing(LoadBalancingSpec spec, Findings findings) {
    String slowStart = "spec.loadBalancing.slowStart";
    boolean hashed = spec.algorithm() == LoadBalancingSpec.Algorithm.RING_HASH;
    if (!hashed && spec.hashOn() != null) {
      findings.invalid(HASH_ON, "is set, expected only with algorithm RingHash");
    }
    Duration window = Durations.read(findings, slowStart, spec.slowStart(), Duration.ZERO);
    if (hashed && window.isPositive()) {
      findings.invalid(
          slowStart,
          "is "
              + spec.slowStart()
              + ", expected none with algorithm RingHash: a key stays where"
              + " it is");
    }
    return new LoadBalancing(algorithm(spec, findings), window);
  }

  private static Algorithm algorithm(LoadBalancingSpec spec, Findings findings) {
    return switch (spec.algorithm()) {
      case null -> new Algorithm.PeakEwma();
      case PEAK_EWMA -> new Algorithm.PeakEwma();
      case LEAST_REQUEST -> new Algorithm.LeastRequest();
      case ROUND_ROBIN -> new Algorithm.RoundRobin();
      case RING_HASH -> new Algorithm.RingHash(hashKey(spec.hashOn(), findings));
    };
  }

  private static HashKey hashKey(LoadBalancingSpec.@Nullable HashOn spec, Findings findings) {
    boolean address = spec != null && Boolean.TRUE.equals(spec.sourceAddress());
    String header = spec == null ? null : spec.header();
    String cookie = spec == null ? null : spec.cookie();
    int said = (header == null ? 0 : 1) + (cookie == null ? 0 : 1) + (address ? 1 : 0);
    if (said != 1) {
      findings.invalid(
          HASH_ON,
          "names " + said + " keys, expected exactly one of header, cookie and sourceAddress");
    }
    if (header != null && findings.required(HASH_ON + ".header", header) != null) {
      return new HashKey.Header(header);
    }
    if (cookie != null && findings.required(HASH_ON + ".cookie", cookie) != null) {
      return new HashKey.Cookie(cookie);
    }
    return new HashKey.SourceAddress();
  }

  private static TrafficLimits limits(LimitsSpec spec, Findings findings) {
    return limits(
        "spec.limits.",
        spec.connections(),
        spec.pendingRequests(),
        spec.concurrentRequests(),
        findings);
  }

  private static TrafficLimits clientLimits(LimitsSpec.PerClientPod spec, Findings findings) {
    return limits(
        "spec.limits.perClientPod.",
        spec.connections(),
        spec.pendingRequests(),
        spec.concurrentRequests(),
        findings);
  }

  private static TrafficLimits limits(
      String at,
      @Nullable Integer connections,
      @Nullable Integer pending,
      @Nullable Integer concurrent,
      Findings findings) {
    return new TrafficLimits(
        limit(at + "connections", connections, findings),
        limit(at + "pendingRequests", pending, findings),
        limit(at + "concurrentRequests", concurrent, findings));
  }

  private static int limit(String field, @Nullable Integer written, Findings findings) {
    return findings.within(field, written, 1, MOST, TrafficLimits.UNLIMITED);
  }
}
