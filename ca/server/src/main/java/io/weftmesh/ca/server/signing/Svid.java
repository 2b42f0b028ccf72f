package io.weftmesh.ca.server.signing;

import io.weftmesh.ca.api.SpiffeId;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * An identity as it is handed out.
 *
 * @param chain the leaf first, then intermediates; without the root
 */
public record Svid(SpiffeId id, List<X509Certificate> chain) {
  public Svid {
    chain = List.copyOf(chain);
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  public Instant expiry() {
    return leaf().getNotAfter().toInstant();
  }

  /** In hexadecimal, as openssl prints it. */
  public String serial() {
    return leaf().getSerialNumber().toString(16);
  }
}
