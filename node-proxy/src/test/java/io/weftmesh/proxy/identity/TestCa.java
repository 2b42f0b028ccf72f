package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.ManualControlThread;
import io.weftmesh.ca.fixtures.TestAuthority;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/** Signs what it is asked for, at once, or as a test wants it. */
final class TestCa implements Signer {
  private final ManualControlThread control;
  private final Queue<Exception> failures = new ArrayDeque<>();
  private final List<SpiffeId> asked = new ArrayList<>();
  private final List<PublicKey> keys = new ArrayList<>();
  private final Queue<CompletableFuture<Void>> held = new ArrayDeque<>();
  private TestAuthority authority;
  private Duration lifetime = Duration.ofHours(1);
  private boolean holding;
  private boolean down;

  TestCa(TestAuthority authority, ManualControlThread control) {
    this.authority = authority;
    this.control = control;
  }

  void authority(TestAuthority next) {
    authority = next;
  }

  void lifetime(Duration next) {
    lifetime = next;
  }

  void down(boolean isDown) {
    down = isDown;
  }

  void failNext(Exception failure) {
    failures.add(failure);
  }

  /** Answers nothing until {@link #answer}. */
  void hold() {
    holding = true;
  }

  void answer() {
    holding = false;
    while (!held.isEmpty()) {
      held.remove().complete(null);
    }
  }

  List<SpiffeId> asked() {
    return asked;
  }

  /** Of all requests so far. */
  List<PublicKey> keys() {
    return keys;
  }

  @Override
  public CompletionStage<List<byte[]>> sign(SpiffeId id, byte[] request) {
    asked.add(id);
    PublicKey key = verified(request);
    keys.add(key);
    if (down) {
      return CompletableFuture.failedStage(new IOException("the ca is down"));
    }
    if (!failures.isEmpty()) {
      return CompletableFuture.failedStage(failures.remove());
    }
    List<byte[]> chain =
        authority.sign(
            id, key, control.instant().minusSeconds(10), control.instant().plus(lifetime));
    if (!holding) {
      return CompletableFuture.completedStage(chain);
    }
    CompletableFuture<Void> released = new CompletableFuture<>();
    held.add(released);
    return released.thenApply(nothing -> chain);
  }

  private static PublicKey verified(byte[] request) {
    try {
      PKCS10CertificationRequest parsed = new PKCS10CertificationRequest(request);
      PublicKey key = new JcaPKCS10CertificationRequest(parsed).getPublicKey();
      assertThat(parsed.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key)))
          .isTrue();
      assertThat(parsed.getSubject().getRDNs()).isEmpty();
      return key;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
