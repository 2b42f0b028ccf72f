package io.weftmesh.ca.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.weftmesh.ca.fixtures.TestAuthority;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.util.Collections;
import java.util.List;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrustBundleTest {
  private static final String DOMAIN = "cluster.local";

  private final TestAuthority first = TestAuthority.root(DOMAIN);
  private final TestAuthority second = TestAuthority.root(DOMAIN);

  @Test
  void readsWhatItWrites() throws Exception {
    TrustBundle bundle = TestAuthority.bundle(7, first, second);

    assertThat(TrustBundle.ofPem(DOMAIN, 7, bundle.toPem())).isEqualTo(bundle);
    assertThat(bundle.roots()).containsExactly(first.certificate(), second.certificate());
    assertThat(bundle.version()).isEqualTo(7);
    assertThat(bundle.trustDomain()).isEqualTo(DOMAIN);
  }

  @Test
  void readsDer() throws Exception {
    assertThat(TrustBundle.ofDer(DOMAIN, 1, List.of(first.certificate().getEncoded())))
        .isEqualTo(first.bundle());
  }

  @Test
  void readsPemWithCommentsAndCarriageReturns() throws Exception {
    String pem = "# made by hand\n" + new String(first.bundle().toPem(), StandardCharsets.US_ASCII);

    assertThat(
            TrustBundle.ofPem(
                DOMAIN, 1, pem.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII)))
        .isEqualTo(first.bundle());
  }

  /** Lines parted by a vertical bar. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----|!!!!|-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----|MAA=|-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----|MAA=|-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----|-----BEGIN CERTIFICATE-----|MAA=|-----END CERTIFICATE-----",
      })
  void refusesOtherTexts(String lines) {
    byte[] pem = lines.replace('|', '\n').getBytes(StandardCharsets.US_ASCII);

    assertThatExceptionOfType(CertificateException.class)
        .isThrownBy(() -> TrustBundle.ofPem(DOMAIN, 1, pem));
  }

  @Test
  void refusesARootThatMayNotSign() {
    TestAuthority noAuthority = TestAuthority.root(DOMAIN, s -> s.authority(false));
    TestAuthority noSigner = TestAuthority.root(DOMAIN, s -> s.keyUsage(KeyUsage.cRLSign));

    for (TestAuthority wrong : List.of(noAuthority, noSigner)) {
      assertThatExceptionOfType(CertificateException.class)
          .isThrownBy(
              () -> new TrustBundle(DOMAIN, 1, List.of(first.certificate(), wrong.certificate())))
          .withMessageContaining(wrong.certificate().getSerialNumber().toString(16));
    }
  }

  @Test
  void refusesNoRootsAndTooMany() {
    assertThatExceptionOfType(CertificateException.class)
        .isThrownBy(() -> new TrustBundle(DOMAIN, 1, List.of()));
    assertThatExceptionOfType(CertificateException.class)
        .isThrownBy(() -> new TrustBundle(DOMAIN, 1, Collections.nCopies(65, first.certificate())));
  }

  @Test
  void refusesANameThatIsNoTrustDomain() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TrustBundle("Cluster.Local", 1, List.of(first.certificate())));
  }

  @Test
  void aNewerVersionReplacesAnOlderOneAndNothingElse() {
    TestAuthority other = TestAuthority.root("other.example");
    TrustBundle two = TestAuthority.bundle(2, second);
    TrustBundles bundles = TrustBundles.of(first.bundle()).with(other.bundle());

    assertThat(bundles.with(two).of(DOMAIN)).contains(two);
    assertThat(bundles.with(two).of("other.example")).contains(other.bundle());
    assertThat(bundles.with(two).with(first.bundle())).isEqualTo(bundles.with(two));
    assertThat(bundles.with(TestAuthority.bundle(1, second))).isSameAs(bundles);
    assertThat(TrustBundles.none().of(DOMAIN)).isEmpty();
  }
}
