package io.weftmesh.ca.server.signing;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A key that signs identities, with the certificates that lead from it to its root.
 *
 * @param chain the signing certificate first, the self-signed root last; one and the same for a
 *     root that signs leaves itself
 * @param origin who made it
 */
public record SigningAuthority(PrivateKey key, List<X509Certificate> chain, Origin origin) {

  /** Who made an authority. */
  public enum Origin {
    /** The ca, which may make the next one as well. */
    SELF_SIGNED,
    /** The user, who brings the next one as well. */
    BROUGHT
  }

  public SigningAuthority {
    chain = List.copyOf(chain);
  }

  /** The certificate of the key. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** What the nodes are given to trust. */
  public X509Certificate root() {
    return chain.getLast();
  }

  /** What stands between a leaf and the root: sent along with the leaf. */
  public List<X509Certificate> intermediates() {
    return chain.subList(0, chain.size() - 1);
  }

  /** When the first certificate of the chain expires: no leaf may live longer. */
  public Instant expiry() {
    return chain.stream()
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  /** A short name for people: the signing certificate's serial number. */
  public String name() {
    return certificate().getSerialNumber().toString(16);
  }

  /** Without the key. */
  @Override
  public String toString() {
    return name() + " (" + certificate().getSubjectX500Principal() + ", until " + expiry() + ")";
  }
}
