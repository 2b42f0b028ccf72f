package io.weftmesh.ca.server.telemetry;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;

/** What is signed and what is refused. Thread-safe. */
public final class SigningMetrics {
  private final Counter issued;
  private final Counter failed;
  private final Counter refused;

  public SigningMetrics(CollectorRegistry registry) {
    issued =
        Counter.build("weft_ca_svids_issued", "Identities signed for nodes.").register(registry);
    failed =
        Counter.build("weft_ca_svids_failed", "Identities that the ca was unable to sign.")
            .register(registry);
    refused =
        Counter.build("weft_ca_refusals", "Calls refused; callers are not told the reason.")
            .labelNames("reason")
            .register(registry);
  }

  public void issued() {
    issued.inc();
  }

  public void failed() {
    failed.inc();
  }

  public void refused(String reason) {
    refused.labels(reason).inc();
  }
}
