package io.weftmesh.ca.server.signing;

import io.weftmesh.ca.api.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.List;

/**
 * What the ca shows to the nodes that connect to it: an SVID of its own, under its own authority.
 *
 * @param key of the leaf; made anew for each leaf
 */
public record ServingIdentity(PrivateKey key, Svid svid) {
  /** Where the ca itself runs. */
  private static final String NAMESPACE = "weft-system";

  private static final String SERVICE_ACCOUNT = "weft-ca";

  /** Not a node's leaf: it is renewed in the process, so nothing is gained by less. */
  private static final Duration LIFETIME = Duration.ofHours(24);

  /** The identity that nodes expect of the ca. */
  public static SpiffeId id(String trustDomain) {
    return SpiffeId.workload(trustDomain, NAMESPACE, SERVICE_ACCOUNT);
  }

  /**
   * Issues a new one.
   *
   * @param addresses host names and IP addresses under which clients find the ca
   */
  public static ServingIdentity issue(
      SvidIssuer issuer, SigningAuthority authority, String trustDomain, List<String> addresses)
      throws GeneralSecurityException {
    KeyPair keys = KeyPairs.p256();
    Svid svid =
        issuer.issue(
            authority,
            id(trustDomain),
            keys.getPublic(),
            LIFETIME,
            addresses.stream().map(SvidIssuer::addressName).toList());
    return new ServingIdentity(keys.getPrivate(), svid);
  }

  @Override
  public String toString() {
    return svid.id() + ", serial " + svid.serial() + ", until " + svid.expiry();
  }
}
