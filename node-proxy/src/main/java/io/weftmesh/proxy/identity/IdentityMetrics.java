package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.CaException;
import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Gauge;
import io.weftmesh.proxy.telemetry.Metrics;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this room counts and logs. Thread-safe. */
public final class IdentityMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(Identities.class);

  private final Family<Gauge> expiry;
  private final Counter renewals;
  private final Family<Counter> failures;
  private final Counter expired;
  private final Family<Counter> refusedPeers;

  public IdentityMetrics(Metrics metrics) {
    expiry =
        metrics.gauges(
            "weft_certificate_expiry_timestamp_seconds",
            "When the certificate of an identity on this node ends",
            "identity");
    renewals =
        metrics.counters("weft_certificates_issued_total", "Certificates got from the ca").with();
    failures =
        metrics.counters(
            "weft_certificate_failures_total",
            "Certificates that could not be had, by reason",
            "reason");
    expired =
        metrics
            .counters(
                "weft_certificates_expired_total",
                "Certificates that ended before there was a next one")
            .with();
    refusedPeers =
        metrics.counters(
            "weft_peers_refused_total",
            "TLS peers whose certificate was refused, by our side and the rule it broke",
            "side",
            "rule");
  }

  void renewed(Svid svid) {
    renewals.increment();
    expiry.with(svid.id().toString()).set((double) svid.notAfter().getEpochSecond());
    LOG.info("Got the certificate of {}", svid);
  }

  void failed(SpiffeId id, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException c && c.getCause() != null ? c.getCause() : failure;
    failures.with(reason(cause)).increment();
    LOG.warn("Got no certificate of {}, trying again: {}", id, cause.toString());
  }

  void expired(SpiffeId id) {
    expired.increment();
    LOG.error("The certificate of {} has ended and there is no next one", id);
  }

  void gone(SpiffeId id) {
    expiry.remove(id.toString());
  }

  void refusedPeer(String side, InvalidSvidException why) {
    refusedPeers.with(side, why.rule().name().toLowerCase(Locale.ROOT)).increment();
    LOG.debug("Refused a TLS peer: {}", why.getMessage());
  }

  private static String reason(Throwable cause) {
    if (cause instanceof InvalidSvidException invalid) {
      return invalid.rule().name().toLowerCase(Locale.ROOT);
    }
    if (cause instanceof CaException answer) {
      return answer.reason();
    }
    return "other";
  }
}
