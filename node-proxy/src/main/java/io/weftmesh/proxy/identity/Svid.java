package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.VerifiedSvid;
import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A certificate of one of this node's pods and its key. Immutable; only this room sees the key, and
 * no text of this class shows it.
 */
public final class Svid {
  private final VerifiedSvid certificate;
  private final PrivateKey key;

  Svid(VerifiedSvid certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
  }

  public SpiffeId id() {
    return certificate.id();
  }

  /** The leaf first, without the root. */
  public List<X509Certificate> chain() {
    return certificate.chain();
  }

  public Instant notAfter() {
    return certificate.leaf().getNotAfter().toInstant();
  }

  public BigInteger serial() {
    return certificate.leaf().getSerialNumber();
  }

  PrivateKey key() {
    return key;
  }

  @Override
  public String toString() {
    return id() + ", serial " + serial().toString(16) + ", until " + notAfter();
  }
}
