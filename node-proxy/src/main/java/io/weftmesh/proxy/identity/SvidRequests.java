package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.CertificateRequest;
import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.VerifiedSvid;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * Gets certificates: a new P-256 key each time, signed by the ca, and what comes back is verified
 * like a stranger's before it is used. Thread-safe.
 */
final class SvidRequests {
  private final Signer signer;
  private final Trust trust;

  SvidRequests(Signer signer, Trust trust) {
    this.signer = signer;
    this.trust = trust;
  }

  CompletionStage<Svid> svid(SpiffeId id) {
    KeyPair keys = newKeys();
    try {
      return signer
          .sign(id, CertificateRequest.encode(keys))
          .thenApply(chain -> verified(id, keys, chain));
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private Svid verified(SpiffeId id, KeyPair keys, List<byte[]> chain) {
    try {
      VerifiedSvid certificate = trust.validator().validate(chain, id);
      if (!certificate.leaf().getPublicKey().equals(keys.getPublic())) {
        throw new CompletionException(
            new GeneralSecurityException("the ca's certificate for " + id + " is of another key"));
      }
      return new Svid(certificate, keys.getPrivate());
    } catch (InvalidSvidException e) {
      throw new CompletionException(e);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK makes P-256 keys", e);
    }
  }
}
