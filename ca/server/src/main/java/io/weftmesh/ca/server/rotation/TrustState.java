package io.weftmesh.ca.server.rotation;

import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.signing.SigningAuthority;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Which authority signs, and which are trusted beside it: one state for each step of a rotation.
 */
public sealed interface TrustState {
  /** Grows with every change of the published roots. */
  long bundleVersion();

  /** Signs everything from now on. */
  SigningAuthority active();

  /** All authorities whose roots are published, the active one first. */
  List<SigningAuthority> authorities();

  /** One authority, and no other is trusted. */
  record Stable(long bundleVersion, SigningAuthority active) implements TrustState {
    @Override
    public List<SigningAuthority> authorities() {
      return List.of(active);
    }
  }

  /** The next root is published as well, so that the nodes know it before its first leaf. */
  record Prepared(long bundleVersion, SigningAuthority active, SigningAuthority next)
      implements TrustState {
    @Override
    public List<SigningAuthority> authorities() {
      return List.of(active, next);
    }
  }

  /**
   * The next authority signs, and leaves of the old one are still about.
   *
   * @param oldDeadAt when the last leaf that the old one signed has expired
   */
  record Activated(
      long bundleVersion, SigningAuthority active, SigningAuthority old, Instant oldDeadAt)
      implements TrustState {
    @Override
    public List<SigningAuthority> authorities() {
      return List.of(active, old);
    }
  }

  /** The state's name, as operators read it. */
  default String phase() {
    return getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** The published roots. Two authorities may share one: a renewed intermediate. */
  default TrustBundle bundle(String trustDomain) {
    Stream<X509Certificate> roots = authorities().stream().map(SigningAuthority::root).distinct();
    try {
      return new TrustBundle(trustDomain, bundleVersion(), roots.toList());
    } catch (CertificateException e) {
      throw new IllegalStateException("every authority was checked when it came in", e);
    }
  }
}
