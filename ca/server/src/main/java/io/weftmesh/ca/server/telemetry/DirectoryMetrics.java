package io.weftmesh.ca.server.telemetry;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;

/** How large the directory is, who watches it, and what nodes report. Thread-safe. */
public final class DirectoryMetrics {
  private final Gauge workloads;
  private final Gauge version;
  private final Gauge streams;
  private final Counter captureReports;
  private final Counter withdrawals;

  public DirectoryMetrics(CollectorRegistry registry) {
    workloads =
        Gauge.build("weft_ca_directory_workloads", "Pods in the directory.")
            .labelNames("state")
            .register(registry);
    version =
        Gauge.build("weft_ca_directory_version", "The last change of the directory.")
            .register(registry);
    streams =
        Gauge.build("weft_ca_watch_streams", "Streams to nodes that are open.").register(registry);
    captureReports =
        Counter.build("weft_ca_capture_reports", "Reports of nodes that a pod is captured.")
            .labelNames("outcome")
            .register(registry);
    withdrawals =
        Counter.build("weft_ca_withdrawals", "Pods withdrawn by their nodes.")
            .labelNames("acknowledged_by_all")
            .register(registry);
  }

  public void directory(long version, int expected, int captured) {
    this.version.set((double) version);
    workloads.labels("expected").set(expected);
    workloads.labels("captured").set(captured);
  }

  public void streams(int open) {
    streams.set(open);
  }

  public void captureReport(String outcome) {
    captureReports.labels(outcome).inc();
  }

  public void withdrawal(boolean acknowledgedByAll) {
    withdrawals.labels(Boolean.toString(acknowledgedByAll)).inc();
  }
}
