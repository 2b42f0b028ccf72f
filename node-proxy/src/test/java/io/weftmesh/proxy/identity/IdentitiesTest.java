package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class IdentitiesTest extends IdentityTest {
  @Test
  void getsACertificateForARequiredIdentity() {
    identities.require(CART);

    Svid svid = identities.current(CART);
    assertThat(svid).isNotNull();
    assertThat(svid.id()).isEqualTo(CART);
    assertThat(svid.notAfter()).isEqualTo(control.instant().plus(Duration.ofHours(1)));
    assertThat(svid.chain().getFirst().getPublicKey()).isEqualTo(ca.keys().getFirst());
    assertThat(identities.ready(CART).toCompletableFuture()).isCompleted();
    assertThat(identities.missing()).isEmpty();
  }

  @Test
  void asksOnceForSeveralPods() {
    identities.require(CART);
    identities.require(CART);
    identities.require(PAY);

    assertThat(ca.asked()).containsExactly(CART, PAY);
  }

  @Test
  void isNotReadyBeforeTheCaHasAnswered() {
    ca.hold();
    identities.require(CART);
    CompletableFuture<Void> ready = identities.ready(CART).toCompletableFuture();

    assertThat(identities.current(CART)).isNull();
    assertThat(identities.missing()).containsExactly(CART);
    assertThat(ready).isNotDone();
    ca.answer();
    assertThat(ready).isCompleted();
    assertThat(identities.current(CART)).isNotNull();
  }

  @Test
  void neverWaitsForWhatNobodyRequires() {
    assertThat(identities.ready(CART).toCompletableFuture()).isCompletedExceptionally();
    assertThat(identities.current(CART)).isNull();

    ca.hold();
    identities.require(CART);
    CompletableFuture<Void> ready = identities.ready(CART).toCompletableFuture();
    identities.release(CART);
    assertThat(ready).isCompletedExceptionally();
    ca.answer();
    assertThat(identities.current(CART)).isNull();
  }

  @Test
  void renewsAtHalfLifeWithANewKey() {
    identities.require(CART);
    Svid first = identities.current(CART);

    control.advance(Duration.ofMinutes(29));
    assertThat(identities.current(CART)).isSameAs(first);
    control.advance(Duration.ofMinutes(2));
    Svid second = identities.current(CART);
    assertThat(second).isNotSameAs(first);
    assertThat(second.notAfter()).isAfter(first.notAfter());
    assertThat(second.key()).isNotEqualTo(first.key());
    assertThat(ca.keys()).doesNotHaveDuplicates().hasSize(2);
  }

  @Test
  void spreadsRenewalsOverATenthAround() {
    List<Duration> delays = new ArrayList<>();
    for (double random : new double[] {0, 0.5, 1}) {
      delays.add(
          Duration.between(
              control.instant(),
              new RenewalSchedule(() -> random)
                  .renewal(control.instant(), control.instant().plus(Duration.ofHours(1)))));
    }
    assertThat(delays)
        .containsExactly(Duration.ofMinutes(27), Duration.ofMinutes(30), Duration.ofMinutes(33));
  }

  @Test
  void keepsTheCertificateWhileTheCaIsDownAndCatchesUp() {
    identities.require(CART);
    Svid first = identities.current(CART);
    ca.down(true);

    control.advance(Duration.ofMinutes(50));
    assertThat(identities.current(CART)).isSameAs(first);
    assertThat(ca.asked().size()).isBetween(20, 60);
    ca.down(false);
    control.advance(Duration.ofMinutes(1));
    assertThat(identities.current(CART)).isNotSameAs(first).isNotNull();
  }

  @Test
  void triesOftenerTowardsTheEndOfAShortLife() {
    ca.lifetime(Duration.ofSeconds(20));
    identities.require(CART);
    ca.down(true);
    control.advance(Duration.ofSeconds(19));

    assertThat(ca.asked().size()).isGreaterThan(8);
    ca.down(false);
    control.advance(Duration.ofMillis(500));
    assertThat(identities.current(CART).notAfter())
        .isAfter(control.instant().plus(Duration.ofSeconds(15)));
  }

  @Test
  void handsOutNoExpiredCertificate() {
    identities.require(CART);
    ca.down(true);
    control.advance(Duration.ofMinutes(61));

    assertThat(identities.current(CART)).isNull();
    assertThat(identities.missing()).containsExactly(CART);
    assertThat(metricsText()).contains("weft_certificates_expired_total 1.0");
    CompletableFuture<Void> ready = identities.ready(CART).toCompletableFuture();
    assertThat(ready).isNotDone();
    ca.down(false);
    control.advance(Duration.ofMinutes(1));
    assertThat(ready).isCompleted();
  }

  @Test
  void noticesAnEndWhileTheCaIsBeingAsked() {
    ca.lifetime(Duration.ofSeconds(20));
    identities.require(CART);
    ca.hold();
    control.advance(Duration.ofSeconds(20));

    assertThat(metricsText()).contains("weft_certificates_expired_total 1.0");
    assertThat(contexts.generation(CART)).isNull();
  }

  @Test
  void noticesThatTheClockWasSet() {
    identities.require(CART);
    Svid first = identities.current(CART);

    control.jump(Duration.ofMinutes(40));
    control.advance(RenewalSchedule.LONGEST_SLEEP);
    assertThat(identities.current(CART)).isNotSameAs(first).isNotNull();
  }

  @Test
  void triesAgainSoonWhenTheCaIsBack() {
    ca.down(true);
    identities.require(CART);
    control.advance(Duration.ofMinutes(10));
    int asked = ca.asked().size();
    while (ca.asked().size() == asked) {
      control.advance(Duration.ofMillis(100));
    }
    ca.down(false);
    control.advance(Duration.ofSeconds(1));
    assertThat(identities.current(CART)).isNull();

    identities.retrySoon();
    control.advance(Duration.ofSeconds(1));
    assertThat(ca.asked()).hasSize(asked + 2);
    assertThat(identities.current(CART)).isNotNull();
  }

  @Test
  void givesAReleasedIdentityUpSoon() {
    identities.require(CART);
    Svid svid = identities.current(CART);
    identities.release(CART);

    control.advance(Identities.LINGER.minusSeconds(1));
    assertThat(identities.current(CART)).isSameAs(svid);
    assertThat(ca.asked()).hasSize(1);
    control.advance(Duration.ofSeconds(1));
    assertThat(identities.current(CART)).isNull();
    assertThat(metricsText()).doesNotContain("identity=\"" + CART);
    assertThat(control.alarms()).isZero();
  }

  @Test
  void takesUpAReleasedIdentityAgain() {
    identities.require(CART);
    Svid svid = identities.current(CART);
    identities.release(CART);
    identities.require(CART);

    assertThat(identities.current(CART)).isSameAs(svid);
    assertThat(ca.asked()).hasSize(1);
    control.advance(Duration.ofMinutes(31));
    assertThat(ca.asked()).hasSize(2);
  }

  @Test
  void keepsRenewingForTheLastOfSeveralPods() {
    identities.require(CART);
    identities.require(CART);
    identities.release(CART);
    control.advance(Duration.ofMinutes(31));

    assertThat(ca.asked()).hasSize(2);
  }

  @Test
  void refusesACertificateThatIsNotWhatWasAskedFor() {
    TestAuthority stranger = TestAuthority.root("cluster.local");
    ca.authority(stranger);
    identities.require(CART);

    assertThat(identities.current(CART)).isNull();
    assertThat(metricsText()).contains("weft_certificate_failures_total{reason=\"path\",} 1.0");
    ca.authority(root);
    control.advance(Duration.ofSeconds(2));
    assertThat(identities.current(CART)).isNotNull();
  }

  @Test
  void refusesACertificateOfAnotherIdentityOrKey() {
    Signer liar = (id, request) -> ca.sign(PAY, request);
    Signer replayer = (id, request) -> CompletableFuture.completedStage(root.svid(CART).der());
    for (Signer signer : List.of(liar, replayer)) {
      Identities lied =
          new Identities(signer, trust, control, new IdentityMetrics(new Metrics()), () -> 0.5);
      lied.require(CART);
      assertThat(lied.current(CART)).isNull();
      lied.close();
    }
  }

  @Test
  void showsExpiryAndFailuresInMetrics() {
    ca.failNext(new IOException("no route"));
    identities.require(CART);
    control.advance(Duration.ofSeconds(2));

    assertThat(metricsText())
        .contains("weft_certificate_failures_total{reason=\"other\",} 1.0")
        .contains("weft_certificates_issued_total 1.0")
        .contains("weft_certificate_expiry_timestamp_seconds{identity=\"" + CART + "\",}");
  }

  @Test
  void showsNoKeyInAnyText() {
    identities.require(CART);

    assertThat(identities.current(CART).toString())
        .contains(CART.toString())
        .doesNotContainIgnoringCase("key");
  }

  @Test
  void leavesNothingBehindWhenClosed() {
    identities.require(CART);
    identities.require(PAY);
    identities.close();

    assertThat(control.alarms()).isZero();
    assertThat(identities.current(CART)).isNull();
  }
}
