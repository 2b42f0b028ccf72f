package io.weftmesh.ca.server.telemetry;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Gauge;
import java.time.Instant;
import java.util.List;

/** Where the rotation stands, and when certificates expire. Thread-safe. */
public final class TrustMetrics {
  private static final List<String> PHASES = List.of("stable", "prepared", "activated");

  private final Gauge phase;
  private final Gauge bundleVersion;
  private final Gauge authorityExpiry;
  private final Gauge servingExpiry;

  /** An authority by what it is for now. */
  public record Authority(String role, Instant expiry) {}

  public TrustMetrics(CollectorRegistry registry) {
    phase =
        Gauge.build("weft_ca_rotation_phase", "1 for the phase that the rotation of roots is in.")
            .labelNames("phase")
            .register(registry);
    bundleVersion =
        Gauge.build("weft_ca_bundle_version", "The version of the published roots.")
            .register(registry);
    authorityExpiry =
        Gauge.build("weft_ca_authority_expiry_timestamp_seconds", "When an authority expires.")
            .labelNames("role")
            .register(registry);
    servingExpiry =
        Gauge.build(
                "weft_ca_serving_certificate_expiry_timestamp_seconds",
                "When the ca's own certificate expires.")
            .register(registry);
  }

  public void trust(String phase, long bundleVersion, List<Authority> authorities) {
    PHASES.forEach(name -> this.phase.labels(name).set(name.equals(phase) ? 1 : 0));
    this.bundleVersion.set((double) bundleVersion);
    authorityExpiry.clear();
    authorities.forEach(authority ->
        authorityExpiry.labels(authority.role()).set((double) authority.expiry().getEpochSecond()));
  }

  public void serving(Instant expiry) {
    servingExpiry.set((double) expiry.getEpochSecond());
  }
}
