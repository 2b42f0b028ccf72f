package io.weftmesh.proxy.capture;

import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Metrics;
import java.util.Locale;

/** What access policies have denied, or would have. Thread-safe. */
final class AccessMetrics {
  /** What somebody wanted. */
  enum Asked {
    /** To connect. */
    CONNECTION,
    /** To go on with a connection after the rules had changed. */
    OPEN_CONNECTION,
    /** To make a request, or to go on with it. */
    REQUEST;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  private final Family<Counter> denied;

  AccessMetrics(Metrics metrics) {
    denied =
        metrics.counters(
            "weft_access_denied_total",
            "Connections and requests that an AccessPolicy denied (enforced), or would deny if it"
                + " were not in dry run (dry_run), by rule.",
            "mode",
            "asked",
            "source_workload",
            "destination_service",
            "rule");
  }

  /** {@code rule} is the object's name and place, of which there are as many as users wrote. */
  void denied(Asked asked, String source, String destination, String rule) {
    denied.with("enforced", asked.label, source, destination, rule).increment();
  }

  void wouldBeDenied(Asked asked, String source, String destination, String rule) {
    denied.with("dry_run", asked.label, source, destination, rule).increment();
  }
}
