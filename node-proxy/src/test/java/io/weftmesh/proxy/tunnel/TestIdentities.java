package io.weftmesh.proxy.tunnel;

import io.weftmesh.ca.api.ControlThread;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.proxy.identity.Identities;
import io.weftmesh.proxy.identity.IdentityMetrics;
import io.weftmesh.proxy.identity.TlsContexts;
import io.weftmesh.proxy.identity.Trust;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** The identity room of one node, with a certificate authority in place of the ca. */
final class TestIdentities implements AutoCloseable {
  final TestAuthority authority = TestAuthority.root(TestMesh.TRUST_DOMAIN);
  final Trust trust = new Trust(authority.bundle(), InstantSource.fixed(TestAuthority.NOW));
  final Identities identities;
  final TlsContexts tls;

  /** Whose requests nobody answers until they are let go. */
  private final Map<SpiffeId, CompletableFuture<Void>> held = new ConcurrentHashMap<>();

  private final ControlThread control = ControlThread.start("test-identities");

  TestIdentities(Metrics metrics) {
    IdentityMetrics identityMetrics = new IdentityMetrics(metrics);
    identities = new Identities(this::sign, trust, control, identityMetrics, () -> 0.5);
    tls = new TlsContexts(identities, trust, identityMetrics);
  }

  void require(SpiffeId id) throws Exception {
    identities.require(id);
    identities.ready(id).toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  /** From now on this identity gets no certificate. */
  void hold(SpiffeId id) {
    held.put(id, new CompletableFuture<>());
  }

  void letGo(SpiffeId id) {
    held.get(id).complete(null);
  }

  private CompletionStage<List<byte[]>> sign(SpiffeId id, byte[] request) {
    return held.getOrDefault(id, CompletableFuture.completedFuture(null))
        .thenApply(free ->
            authority.sign(
                id,
                publicKey(request),
                TestAuthority.NOW.minusSeconds(10),
                TestAuthority.NOW.plus(Duration.ofHours(1))));
  }

  private static PublicKey publicKey(byte[] request) {
    try {
      var parsed = new PKCS10CertificationRequest(request);
      return new JcaPEMKeyConverter().getPublicKey(parsed.getSubjectPublicKeyInfo());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    tls.close();
    identities.close();
    control.close();
  }
}
