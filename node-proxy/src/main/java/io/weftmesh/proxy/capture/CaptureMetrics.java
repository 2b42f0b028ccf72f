package io.weftmesh.proxy.capture;

import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Gauge;
import io.weftmesh.proxy.telemetry.Metrics;
import java.util.Locale;

/** What is counted of the pods of this node and their sockets. */
final class CaptureMetrics {
  final Gauge expected;
  final Gauge captured;
  final Gauge redirectorConnected;
  final Gauge openChannels;
  final Counter rulesRepaired;
  final Counter abandoned;
  final Counter acceptsPaused;
  final Counter acceptsThrottled;
  final Counter leasedSockets;
  private final Family<Counter> failures;
  private final Family<Counter> refused;

  CaptureMetrics(Metrics metrics) {
    expected =
        metrics.gauges("weft_captures_expected", "Opted-in pods of this node that run.").with();
    captured =
        metrics
            .gauges("weft_captures_done", "Pods whose listeners are open and rules in place.")
            .with();
    redirectorConnected =
        metrics
            .gauges("weft_redirector_connected", "1 while the redirector answers, else 0.")
            .with();
    openChannels =
        metrics.gauges("weft_sockets_open", "Connections open in pods' network namespaces.").with();
    rulesRepaired =
        metrics
            .counters(
                "weft_capture_rules_repaired_total",
                "Times that somebody else had removed or changed a pod's rules.")
            .with();
    abandoned =
        metrics
            .counters("weft_captures_abandoned_total", "Captured pods that came to their end.")
            .with();
    acceptsPaused =
        metrics
            .counters(
                "weft_accepts_paused_total",
                "Times that a listener rested because no connection could be accepted, most often"
                    + " for want of descriptors.")
            .with();
    acceptsThrottled =
        metrics
            .counters(
                "weft_accepts_throttled_total",
                "Times that a listener rested because its pod had more new connections in a second"
                    + " than it may.")
            .with();
    leasedSockets =
        metrics
            .counters("weft_leased_sockets_total", "Outgoing sockets taken from the redirector.")
            .with();
    failures =
        metrics.counters(
            "weft_capture_failures_total",
            "Failed steps of capturing or releasing a pod, by reason.",
            "reason");
    refused =
        metrics.counters(
            "weft_captured_connections_refused_total",
            "Accepted connections that were closed at once, by reason.",
            "reason");
  }

  void failed(Enum<?> reason) {
    failures.with(reason.name().toLowerCase(Locale.ROOT)).increment();
  }

  /** A connection was closed at once: {@code reason} is a word in lower case. */
  Counter refused(String reason) {
    return refused.with(reason);
  }
}
