package io.weftmesh.ca.api;

import java.security.cert.X509Certificate;
import java.util.List;

/** A chain that {@link SvidValidator} has accepted; only it makes one. Immutable. */
public final class VerifiedSvid {
  private final SpiffeId id;
  private final List<X509Certificate> chain;

  VerifiedSvid(SpiffeId id, List<X509Certificate> chain) {
    this.id = id;
    this.chain = List.copyOf(chain);
  }

  /** Who the leaf belongs to. */
  public SpiffeId id() {
    return id;
  }

  /** The leaf first, as it was shown. */
  public List<X509Certificate> chain() {
    return chain;
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }
}
