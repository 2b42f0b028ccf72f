package io.weftmesh.ca.server;

import io.weftmesh.ca.server.rotation.TrustState;
import io.weftmesh.ca.server.signing.ServingIdentity;
import io.weftmesh.ca.server.signing.SigningAuthority;
import io.weftmesh.ca.server.signing.SvidIssuer;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the ca's own certificate valid: signed by the authority that is active, which every node
 * knows that may connect, and renewed at half its life. Thread-safe.
 */
final class ServingCertificate {
  private static final Logger log = LoggerFactory.getLogger(ServingCertificate.class);

  private final String trustDomain;
  private final List<String> addresses;
  private final InstantSource clock;
  private final Consumer<? super ServingIdentity> server;
  private @Nullable SigningAuthority authority;
  private @Nullable ServingIdentity identity;
  private @Nullable String trouble;

  /**
   * @param server shows the certificate that it is given
   */
  ServingCertificate(
      String trustDomain,
      List<String> addresses,
      InstantSource clock,
      Consumer<? super ServingIdentity> server) {
    this.trustDomain = trustDomain;
    this.addresses = addresses;
    this.clock = clock;
    this.server = server;
  }

  synchronized void trust(TrustState state) {
    if (!state.active().equals(authority)) {
      authority = state.active();
      issue(state.active());
    }
  }

  /** To be called every now and then. */
  synchronized void renewIfDue() {
    if (authority != null && (identity == null || !clock.instant().isBefore(halfLife(identity)))) {
      issue(authority);
    }
  }

  /** What is wrong with it, if anything. */
  synchronized @Nullable String trouble() {
    return trouble;
  }

  private void issue(SigningAuthority by) {
    try {
      ServingIdentity next =
          ServingIdentity.issue(new SvidIssuer(clock), by, trustDomain, addresses);
      identity = next;
      server.accept(next);
      trouble = null;
      log.info("Serving as {}", next);
    } catch (GeneralSecurityException e) {
      trouble = "the ca's own certificate can't be renewed: " + e.getMessage();
      log.error("The ca's own certificate can't be renewed", e);
    }
  }

  private static Instant halfLife(ServingIdentity identity) {
    X509Certificate leaf = identity.svid().leaf();
    Instant begin = leaf.getNotBefore().toInstant();
    return begin.plus(Duration.between(begin, identity.svid().expiry()).dividedBy(2));
  }
}
