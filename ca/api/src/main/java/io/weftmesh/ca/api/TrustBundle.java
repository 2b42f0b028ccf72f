package io.weftmesh.ca.api;

import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The roots of one trust domain, in one version: what the leaves of that domain, and of no other,
 * are verified against. Immutable; equal when trust domain, version and roots are.
 */
public final class TrustBundle {
  /** More roots than any rotation needs; a bound on what a peer's chain is tried against. */
  public static final int MAX_ROOTS = 64;

  private final String trustDomain;
  private final long version;
  private final List<X509Certificate> roots;
  private final Set<TrustAnchor> anchors;

  /**
   * A bundle of roots that are at hand.
   *
   * @throws CertificateException if one may not sign certificates, saying which and why
   */
  public TrustBundle(String trustDomain, long version, List<X509Certificate> roots)
      throws CertificateException {
    this.trustDomain = SpiffeId.ofTrustDomain(trustDomain).trustDomain();
    this.version = version;
    this.roots = List.copyOf(roots);
    if (roots.isEmpty() || roots.size() > MAX_ROOTS) {
      throw new CertificateException(
          String.format(
              Locale.ROOT,
              "the trust bundle of %s has %d roots, expected 1 to %d",
              trustDomain,
              roots.size(),
              MAX_ROOTS));
    }
    Set<TrustAnchor> trusted = new HashSet<>();
    for (X509Certificate root : roots) {
      requireSigning(trustDomain, root);
      trusted.add(new TrustAnchor(root, null));
    }
    this.anchors = Set.copyOf(trusted);
  }

  /** As {@link #TrustBundle}, from one DER encoding per root. */
  public static TrustBundle ofDer(String trustDomain, long version, List<byte[]> roots)
      throws CertificateException {
    List<X509Certificate> certificates = new ArrayList<>(roots.size());
    for (byte[] der : roots) {
      certificates.add(Certificates.parse(der));
    }
    return new TrustBundle(trustDomain, version, certificates);
  }

  /**
   * As {@link #TrustBundle}, from a PEM text: {@code CERTIFICATE} blocks, with anything between
   * them ignored, as RFC 7468 has it. Any other kind of block is refused, a private key above all.
   */
  public static TrustBundle ofPem(String trustDomain, long version, byte[] pem)
      throws CertificateException {
    return ofDer(trustDomain, version, Certificates.pemBlocks(pem));
  }

  public String trustDomain() {
    return trustDomain;
  }

  /** A newer version replaces an older one; 0 for a bundle that came out of band. */
  public long version() {
    return version;
  }

  public List<X509Certificate> roots() {
    return roots;
  }

  Set<TrustAnchor> anchors() {
    return anchors;
  }

  /** The roots as PEM, the form in which nodes are given their first bundle. */
  public byte[] toPem() {
    StringBuilder pem = new StringBuilder();
    Base64.Encoder encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
    for (X509Certificate root : roots) {
      pem.append("-----BEGIN CERTIFICATE-----\n")
          .append(encoder.encodeToString(encoded(root)))
          .append("\n-----END CERTIFICATE-----\n");
    }
    return pem.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] encoded(X509Certificate root) {
    try {
      return root.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a parsed certificate has an encoding", e);
    }
  }

  private static void requireSigning(String trustDomain, X509Certificate root)
      throws CertificateException {
    boolean[] usage = root.getKeyUsage();
    boolean signs = usage != null && usage.length > 5 && usage[5];
    if (root.getBasicConstraints() < 0 || !signs) {
      throw new CertificateException(
          String.format(
              Locale.ROOT,
              "the root %s (serial %s) of %s is no signing certificate: it needs"
                  + " basicConstraints cA and keyUsage keyCertSign",
              Printable.of(root.getSubjectX500Principal().getName()),
              root.getSerialNumber().toString(16),
              trustDomain));
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TrustBundle bundle
        && bundle.version == version
        && bundle.trustDomain.equals(trustDomain)
        && bundle.roots.equals(roots);
  }

  @Override
  public int hashCode() {
    return Objects.hash(trustDomain, version, roots);
  }

  @Override
  public String toString() {
    return trustDomain + " version " + version + ", " + roots.size() + " roots";
  }
}
