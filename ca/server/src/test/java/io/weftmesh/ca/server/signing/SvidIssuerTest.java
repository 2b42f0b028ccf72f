package io.weftmesh.ca.server.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.TestClock;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table of what a leaf is, and of what signs it. */
class SvidIssuerTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SpiffeId WEB = SpiffeId.workload("cluster.local", "shop", "web");
  private static final String SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
  private static final String KEY_USAGE = "2.5.29.15";

  @TempDir private Path folder;
  private final TestClock clock = new TestClock(NOW);
  private final SvidIssuer issuer = new SvidIssuer(clock);
  private SigningAuthority authority;
  private KeyPair keys;

  @BeforeEach
  void root() throws Exception {
    authority = SelfSignedRoot.create("cluster.local", Duration.ofDays(365), NOW);
    keys = KeyPairs.p256();
  }

  private Svid issue(Duration lifetime) throws Exception {
    return issuer.issue(authority, WEB, keys.getPublic(), lifetime);
  }

  @Test
  void leafIsExactlyAsTheTableSays() throws Exception {
    X509Certificate leaf = issue(Duration.ofHours(1)).leaf();

    assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(6, WEB.toString()));
    assertThat(leaf.getSubjectX500Principal().getName()).isEmpty();
    assertThat(leaf.getCriticalExtensionOIDs()).contains(SUBJECT_ALTERNATIVE_NAME, KEY_USAGE);
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(leaf.getKeyUsage())
        .containsExactly(true, false, false, false, false, false, false, false, false);
    assertThat(leaf.getExtendedKeyUsage())
        .containsExactlyInAnyOrder("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(leaf.getPublicKey()).isEqualTo(keys.getPublic());
    assertThat(((ECPublicKey) leaf.getPublicKey()).getParams().getOrder().bitLength())
        .isEqualTo(256);
    assertThat(leaf.getNotBefore().toInstant()).isEqualTo(NOW.minusSeconds(10));
    assertThat(leaf.getNotAfter().toInstant()).isEqualTo(NOW.plus(Duration.ofHours(1)));
    assertThat(leaf.getSigAlgName()).isEqualTo("SHA256withECDSA");
  }

  @Test
  void opensslAgrees() throws Exception {
    Svid svid = issue(Duration.ofHours(1));
    OpenSsl openssl = new OpenSsl(folder);

    openssl.assertVerifies(svid.chain(), authority.root(), NOW);
    assertThat(openssl.text(svid.leaf()))
        .containsPattern("Subject: *\\n")
        .containsPattern("X509v3 Subject Alternative Name: critical\\n *URI:" + WEB + "\\n")
        .containsPattern("X509v3 Basic Constraints: critical\\n *CA:FALSE\\n")
        .containsPattern("X509v3 Key Usage: critical\\n *Digital Signature\\n")
        .containsPattern(
            "X509v3 Extended Key Usage: *\\n"
                + " *TLS Web Server Authentication, TLS Web Client Authentication\\n")
        .contains("X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier", "prime256v1");
    assertThat(openssl.text(authority.root()))
        .containsPattern("X509v3 Basic Constraints: critical\\n *CA:TRUE, pathlen:0\\n")
        .containsPattern("X509v3 Key Usage: critical\\n *Certificate Sign, CRL Sign\\n")
        .containsPattern("X509v3 Subject Alternative Name: *\\n *URI:spiffe://cluster.local\\n");
  }

  @Test
  void serialsAreRandomAndNeverNegative() throws Exception {
    Set<String> serials = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      X509Certificate leaf = issue(Duration.ofHours(1)).leaf();
      assertThat(leaf.getSerialNumber().signum()).isPositive();
      assertThat(leaf.getSerialNumber().bitLength()).isGreaterThan(64).isLessThan(160);
      serials.add(leaf.getSerialNumber().toString(16));
    }
    assertThat(serials).hasSize(50);
  }

  @Test
  void leafNeverOutlivesItsIssuer() throws Exception {
    clock.advance(Duration.ofDays(365).minusMinutes(7));

    assertThat(issue(Duration.ofHours(1)).expiry()).isEqualTo(authority.expiry());
  }

  @Test
  void anExpiredAuthoritySignsNothing() throws Exception {
    clock.advance(Duration.ofDays(365));

    assertThatThrownBy(() -> issue(Duration.ofHours(1)))
        .hasMessageContaining("expired at 2027-03-01T12:00:00Z");
  }

  @Test
  void servesUnderItsAddressesToo() throws Exception {
    ServingIdentity serving =
        ServingIdentity.issue(
            issuer, authority, "cluster.local", List.of("ca.weft", "10.0.0.7", "fd00::7"));

    assertThat(serving.svid().leaf().getSubjectAlternativeNames())
        .containsExactly(
            List.of(6, "spiffe://cluster.local/ns/weft-system/sa/weft-ca"),
            List.of(2, "ca.weft"),
            List.of(7, "10.0.0.7"),
            List.of(7, "fd00:0:0:0:0:0:0:7"));
    new OpenSsl(folder).assertVerifies(serving.svid().chain(), authority.root(), NOW);
  }
}
