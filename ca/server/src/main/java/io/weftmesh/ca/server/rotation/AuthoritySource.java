package io.weftmesh.ca.server.rotation;

import io.weftmesh.ca.server.signing.BroughtAuthority;
import io.weftmesh.ca.server.signing.SelfSignedRoot;
import io.weftmesh.ca.server.signing.SigningAuthority;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** Where authorities come from: the user's files if there are any, else the ca makes a root. */
public final class AuthoritySource {
  private final BroughtAuthority brought;
  private final String trustDomain;
  private final Duration rootLifetime;
  private final InstantSource clock;

  public AuthoritySource(
      BroughtAuthority brought, String trustDomain, Duration rootLifetime, InstantSource clock) {
    this.brought = brought;
    this.trustDomain = trustDomain;
    this.rootLifetime = rootLifetime;
    this.clock = clock;
  }

  SigningAuthority first() throws GeneralSecurityException {
    Optional<SigningAuthority> users = brought.read();
    return users.isPresent() ? users.get() : selfSigned();
  }

  /** One that takes the place of the active one. */
  SigningAuthority after(SigningAuthority active)
      throws GeneralSecurityException, RotationRefusedException {
    Optional<SigningAuthority> users = brought.read();
    if (users.isEmpty()) {
      return selfSigned();
    }
    if (users.get().certificate().equals(active.certificate())) {
      throw new RotationRefusedException(
          "the root directory's tls.crt is in force already; put the next certificate and key into"
              + " tls.crt and tls.key, or remove both for a root that the ca makes itself");
    }
    return users.get();
  }

  /** What the user has put there since, and no rotation has taken up. */
  Optional<SigningAuthority> waiting(TrustState state) throws GeneralSecurityException {
    return brought
        .read()
        .filter(users ->
            state.authorities().stream()
                .noneMatch(known -> known.certificate().equals(users.certificate())));
  }

  private SigningAuthority selfSigned() throws GeneralSecurityException {
    return SelfSignedRoot.create(trustDomain, rootLifetime, clock.instant());
  }
}
