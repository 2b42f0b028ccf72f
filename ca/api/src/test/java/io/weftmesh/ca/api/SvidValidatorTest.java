package io.weftmesh.ca.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.weftmesh.ca.api.InvalidSvidException.Rule;
import io.weftmesh.ca.fixtures.CertificateShape;
import io.weftmesh.ca.fixtures.Keys;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.fixtures.TestSvid;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SvidValidatorTest {
  private static final Instant NOW = TestAuthority.NOW;
  private static final SpiffeId CART = SpiffeId.workload("cluster.local", "shop", "cart");
  private static final SpiffeId STRANGER = SpiffeId.workload("other.example", "shop", "cart");

  private final TestAuthority root = TestAuthority.root("cluster.local");
  private final TestAuthority foreign = TestAuthority.root("other.example");
  private final SvidValidator validator = validatorAt(NOW);

  @Test
  void acceptsALeafOfItsOwnRoot() throws Exception {
    VerifiedSvid svid = validator.validate(root.svid(CART).der());

    assertThat(svid.id()).isEqualTo(CART);
    assertThat(svid.leaf().getExtendedKeyUsage()).hasSize(2);
  }

  @Test
  void acceptsALeafBelowIntermediates() throws Exception {
    TestAuthority lower = root.intermediate(s -> {}).intermediate(s -> s.subject("CN=lower"));
    TestSvid svid = lower.svid(CART);

    assertThat(svid.der()).hasSize(3);
    assertThat(validator.validate(svid.der()).id()).isEqualTo(CART);
  }

  @Test
  void acceptsOneOfSeveralRootsOfTheSameName() throws Exception {
    TestAuthority next = TestAuthority.root("cluster.local");
    SvidValidator both = validator(TrustBundles.of(TestAuthority.bundle(2, root, next)), NOW);

    assertThat(both.validate(root.svid(CART).der()).id()).isEqualTo(CART);
    assertThat(both.validate(next.svid(CART).der()).id()).isEqualTo(CART);
  }

  @Test
  void acceptsAForeignTrustDomainByItsOwnBundle() throws Exception {
    assertThat(validator.validate(foreign.svid(STRANGER).der()).id()).isEqualTo(STRANGER);
  }

  @Test
  void acceptsOtherKindsOfNamesBesideTheUri() throws Exception {
    TestSvid svid = root.svid(CART, s -> s.dns("cart.shop").dns("cart.shop.svc"));

    assertThat(validator.validate(svid.der()).id()).isEqualTo(CART);
  }

  @Test
  void acceptsASubjectAndAbsentBasicConstraints() throws Exception {
    TestSvid svid = root.svid(CART, s -> s.subject("CN=cart").withoutBasicConstraints());

    assertThat(validator.validate(svid.der()).id()).isEqualTo(CART);
  }

  @Nested
  final class Chains {
    @Test
    void refusesAnEmptyOne() {
      refuses(List.of(), Rule.CHAIN_LENGTH);
    }

    @Test
    void refusesALongOneUnread() {
      refuses(Collections.nCopies(9, new byte[] {1}), Rule.CHAIN_LENGTH);
    }

    @Test
    void refusesALargeOneUnread() {
      refuses(List.of(new byte[32 * 1024 + 1]), Rule.CHAIN_SIZE);
      refuses(List.of(new byte[32 * 1024], new byte[1]), Rule.CHAIN_SIZE);
    }

    @Test
    void refusesBytesThatAreNoCertificate() {
      refuses(List.of(new byte[0]), Rule.ENCODING);
      refuses(List.of(new byte[1000]), Rule.ENCODING);
      refuses(List.of(new byte[] {0x30, 0x03, 0x02, 0x01, 0x01}), Rule.ENCODING);
    }

    @Test
    void refusesATruncatedOneAndOneWithSomethingBehindIt() {
      byte[] leaf = root.svid(CART).der().getFirst();
      byte[] longer = new byte[leaf.length + 1];
      System.arraycopy(leaf, 0, longer, 0, leaf.length);
      byte[] shorter = new byte[leaf.length - 1];
      System.arraycopy(leaf, 0, shorter, 0, shorter.length);

      refuses(List.of(longer), Rule.ENCODING);
      refuses(List.of(shorter), Rule.ENCODING);
    }

    @Test
    void refusesPem() {
      byte[] pem = root.bundle().toPem();

      refuses(List.of(pem), Rule.ENCODING);
    }

    @Test
    void refusesAGarbledIntermediate() {
      TestAuthority lower = root.intermediate(s -> {});
      List<byte[]> chain = new ArrayList<>(lower.svid(CART).der());
      chain.set(1, new byte[] {0x30, 0});

      refuses(chain, Rule.ENCODING);
    }

    @Test
    void refusesAChangeOfAnySignedByte() throws Exception {
      TestSvid svid = root.svid(CART);
      byte[] leaf = svid.der().getFirst();
      int headerBytes = 4;
      int signedBytes = svid.chain().getFirst().getTBSCertificate().length;
      for (int i = 0; i < headerBytes + signedBytes; i++) {
        byte[] changed = leaf.clone();
        changed[i] ^= 0x01;
        List<byte[]> chain = List.of(changed);
        assertThatExceptionOfType(InvalidSvidException.class)
            .describedAs("byte %d", i)
            .isThrownBy(() -> validator.validate(chain));
      }
    }
  }

  @Nested
  final class Names {
    @Test
    void refusesNone() {
      refuses(root.svid(CART, s -> s.withoutNames().subject("CN=cart")), Rule.SPIFFE_ID);
    }

    @Test
    void refusesNoUriAmongOtherNames() {
      refuses(root.svid(CART, s -> s.withoutNames().dns("cart.shop")), Rule.SPIFFE_ID);
    }

    @Test
    void refusesTwoUris() {
      refuses(root.svid(CART, s -> s.uri("spiffe://cluster.local/x")), Rule.SPIFFE_ID);
      refuses(root.svid(CART, s -> s.uri(CART.toString())), Rule.SPIFFE_ID);
    }

    @Test
    void refusesASecondUriOfAnotherScheme() {
      refuses(root.svid(CART, s -> s.uri("https://cluster.local/x")), Rule.SPIFFE_ID);
    }

    @Test
    void refusesTheIdOfATrustDomain() {
      refuses(uri("spiffe://cluster.local"), Rule.SPIFFE_ID);
    }

    @Test
    void refusesARootPath() {
      refuses(uri("spiffe://cluster.local/"), Rule.SPIFFE_ID);
    }

    @Test
    void refusesAnIdOf3000Bytes() {
      refuses(uri("spiffe://cluster.local/" + "x".repeat(3000 - 23)), Rule.SPIFFE_ID);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "https://cluster.local/ns/shop/sa/cart",
          "SPIFFE://cluster.local/ns/shop/sa/cart",
          "spiffe://Cluster.local/ns/shop/sa/cart",
          "spiffe://cluster.local:443/ns/shop/sa/cart",
          "spiffe://user@cluster.local/ns/shop/sa/cart",
          "spiffe://cluster.local/ns/shop/sa/cart?",
          "spiffe://cluster.local/ns/shop/sa/cart#x",
          "spiffe://cluster.local/ns/shop/../sa/cart",
          "spiffe://cluster.local/ns//shop/sa/cart",
          "spiffe://cluster.local/ns/shop/sa/c%61rt",
          "cluster.local/ns/shop/sa/cart",
          "",
        })
    void refusesWhatIsNoSpiffeId(String uri) {
      assertThatExceptionOfType(InvalidSvidException.class)
          .isThrownBy(() -> validator.validate(uri(uri).der()))
          .satisfies(e -> assertThat(e.rule()).isIn(Rule.SPIFFE_ID, Rule.ENCODING));
    }

    @Test
    void takesExactlyTheLegalBytesInATrustDomain() throws Exception {
      for (int b = 0; b < 256; b++) {
        byte[] uri = bytesAround("spiffe://cluster", b, "local/ns/shop/sa/cart");
        if (b == '.') {
          assertThat(validator.validate(uri(uri).der()).id()).isEqualTo(CART);
        } else {
          // Legal, then of a domain that nobody vouches for, or not an ID at all.
          assertRefused(uri, "abcdefghijklmnopqrstuvwxyz0123456789-_/".indexOf(b) >= 0);
        }
      }
    }

    @Test
    void takesExactlyTheLegalBytesInAPath() throws Exception {
      String legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/";
      for (int b = 0; b < 256; b++) {
        byte[] uri = bytesAround("spiffe://cluster.local/x", b, "z");
        if (legal.indexOf(b) >= 0) {
          assertThat(validator.validate(uri(uri).der()).id().toString())
              .isEqualTo(new String(uri, StandardCharsets.ISO_8859_1));
        } else {
          assertRefused(uri, false);
        }
      }
    }

    @Test
    void foldsNoKelvinSignIntoAnIdentity() {
      refuses(
          uri("spiffe://cluster.local/ns/shop/sa/\u212a".getBytes(StandardCharsets.UTF_8)),
          Rule.SPIFFE_ID);
      refuses(
          uri("spiffe://\u212aluster.local/ns/shop/sa/cart".getBytes(StandardCharsets.UTF_8)),
          Rule.SPIFFE_ID);
    }

    private void assertRefused(byte[] uri, boolean legalId) {
      assertThatExceptionOfType(InvalidSvidException.class)
          .describedAs(new String(uri, StandardCharsets.ISO_8859_1))
          .isThrownBy(() -> validator.validate(uri(uri).der()))
          .satisfies(e -> {
            if (legalId) {
              assertThat(e.rule()).isEqualTo(Rule.TRUST_DOMAIN);
            } else {
              assertThat(e.rule()).isIn(Rule.SPIFFE_ID, Rule.ENCODING);
            }
          });
    }

    private byte[] bytesAround(String before, int b, String after) {
      return (before + (char) b + after).getBytes(StandardCharsets.ISO_8859_1);
    }

    private TestSvid uri(String uri) {
      return root.svid(CART, s -> s.withoutNames().uri(uri));
    }

    private TestSvid uri(byte[] uri) {
      return root.svid(CART, s -> s.withoutNames().uri(uri));
    }
  }

  @Nested
  final class Trust {
    @Test
    void refusesATrustDomainWithoutABundle() {
      SpiffeId id = SpiffeId.workload("unknown.example", "shop", "cart");

      refuses(root.svid(id), Rule.TRUST_DOMAIN);
    }

    @Test
    void poolsNoBundles() {
      refuses(root.svid(STRANGER), Rule.PATH);
      refuses(foreign.svid(CART), Rule.PATH);
    }

    @Test
    void refusesAnotherRootOfTheSameName() {
      refuses(TestAuthority.root("cluster.local").svid(CART), Rule.PATH);
    }

    @Test
    void refusesAMissingIntermediate() {
      TestSvid svid = root.intermediate(s -> {}).svid(CART);

      refuses(svid.der().subList(0, 1), Rule.PATH);
    }

    @Test
    void refusesAWrongIntermediate() {
      TestAuthority keys = root.intermediate(s -> {});
      TestAuthority other = root.intermediate(s -> {});
      List<byte[]> chain = List.of(keys.svid(CART).der().get(0), other.svid(CART).der().get(1));

      refuses(chain, Rule.PATH);
    }

    @Test
    void refusesAnIntermediateThatIsNoAuthority() {
      refuses(root.intermediate(s -> s.authority(false)).svid(CART), Rule.PATH);
      refuses(root.intermediate(CertificateShape::withoutBasicConstraints).svid(CART), Rule.PATH);
    }

    @Test
    void refusesAnIntermediateThatMayNotSign() {
      refuses(root.intermediate(s -> s.keyUsage(KeyUsage.digitalSignature)).svid(CART), Rule.PATH);
      refuses(root.intermediate(CertificateShape::withoutKeyUsage).svid(CART), Rule.PATH);
    }

    @Test
    void refusesALeafThatPlaysAuthority() {
      TestAuthority leaf =
          root.intermediate(s ->
              s.withoutNames()
                  .uri(CART.toString())
                  .authority(false)
                  .keyUsage(KeyUsage.digitalSignature));

      refuses(leaf.svid(SpiffeId.workload("cluster.local", "shop", "admin")), Rule.PATH);
    }

    @Test
    void keepsThePathLength() {
      TestAuthority lowest =
          root.intermediate(s -> s.authority(0)).intermediate(s -> s.subject("CN=lower"));

      refuses(lowest.svid(CART), Rule.PATH);
    }

    @Test
    void refusesAWrongOrder() {
      List<byte[]> chain = new ArrayList<>(root.intermediate(s -> {}).svid(CART).der());
      Collections.reverse(chain);

      assertThatExceptionOfType(InvalidSvidException.class)
          .isThrownBy(() -> validator.validate(chain));
    }

    @Test
    void refusesAnUnrelatedCertificateBehindTheLeaf() {
      List<byte[]> chain = new ArrayList<>(root.svid(CART).der());
      chain.addAll(foreign.svid(STRANGER).der());

      refuses(chain, Rule.PATH);
    }

    @Test
    void trustsNobodyWithoutBundles() {
      assertThatExceptionOfType(InvalidSvidException.class)
          .isThrownBy(() -> validator(TrustBundles.none(), NOW).validate(root.svid(CART).der()))
          .satisfies(e -> assertThat(e.rule()).isEqualTo(Rule.TRUST_DOMAIN));
    }
  }

  @Nested
  final class Validity {
    private final TestSvid svid = root.svid(CART, s -> s.valid(NOW, NOW.plus(Duration.ofHours(1))));

    @Test
    void refusesAnExpiredLeaf() throws Exception {
      assertThat(validatorAt(NOW.plusSeconds(3600)).validate(svid.der()).id()).isEqualTo(CART);
      refuses(validatorAt(NOW.plusSeconds(3601)), svid.der(), Rule.EXPIRED);
    }

    @Test
    void refusesALeafThatIsNotYetValid() throws Exception {
      assertThat(validatorAt(NOW).validate(svid.der()).id()).isEqualTo(CART);
      refuses(validatorAt(NOW.minusSeconds(1)), svid.der(), Rule.NOT_YET_VALID);
    }

    @Test
    void refusesAnExpiredIntermediate() {
      TestAuthority expired =
          root.intermediate(s -> s.valid(NOW.minusSeconds(20), NOW.minusSeconds(10)));

      refuses(expired.svid(CART), Rule.EXPIRED);
    }
  }

  @Nested
  final class Leaves {
    @Test
    void mustNotBeAuthorities() {
      refuses(root.svid(CART, s -> s.authority(true)), Rule.LEAF_IS_CA);
      refuses(
          root.svid(CART, s -> s.authority(true).keyUsage(KeyUsage.keyCertSign)), Rule.LEAF_IS_CA);
    }

    @Test
    void mustNotBeTheRootItself() throws Exception {
      List<byte[]> chain = der(root);
      refuses(chain, Rule.SPIFFE_ID);

      TestAuthority named =
          TestAuthority.root("cluster.local", s -> s.withoutNames().uri(CART.toString()));
      refuses(validator(TrustBundles.of(named.bundle()), NOW), der(named), Rule.LEAF_IS_CA);
    }

    @Test
    void mustNotBeTheRootInDisguise() throws Exception {
      TestAuthority named =
          TestAuthority.root("cluster.local", s -> s.withoutNames().uri(CART.toString()));
      byte[] anchor = der(named).getFirst();

      refuses(
          validator(TrustBundles.of(named.bundle()), NOW),
          List.of(anchor, anchor),
          Rule.LEAF_IS_CA);
    }

    @Test
    void needAKeyUsage() {
      refuses(root.svid(CART, CertificateShape::withoutKeyUsage), Rule.KEY_USAGE);
    }

    @Test
    void needACriticalKeyUsage() {
      refuses(root.svid(CART, CertificateShape::keyUsageNotCritical), Rule.KEY_USAGE);
    }

    @Test
    void needDigitalSignature() {
      refuses(root.svid(CART, s -> s.keyUsage(KeyUsage.keyAgreement)), Rule.KEY_USAGE);
      refuses(root.svid(CART, s -> s.keyUsage(KeyUsage.keyEncipherment)), Rule.KEY_USAGE);
    }

    @Test
    void mustNotSignCertificates() {
      refuses(
          root.svid(CART, s -> s.keyUsage(KeyUsage.digitalSignature | KeyUsage.keyCertSign)),
          Rule.KEY_USAGE);
    }

    @Test
    void mustNotSignRevocations() {
      refuses(
          root.svid(CART, s -> s.keyUsage(KeyUsage.digitalSignature | KeyUsage.cRLSign)),
          Rule.KEY_USAGE);
    }

    @Test
    void mayAgreeOnKeys() throws Exception {
      TestSvid svid =
          root.svid(CART, s -> s.keyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement));

      assertThat(validator.validate(svid.der()).id()).isEqualTo(CART);
    }

    @Test
    void needAnExtendedKeyUsage() {
      refuses(root.svid(CART, CertificateShape::withoutExtendedKeyUsage), Rule.EXTENDED_KEY_USAGE);
    }

    @Test
    void mustNotBeForClientsOnly() {
      purposes(KeyPurposeId.id_kp_clientAuth);
    }

    @Test
    void mustNotBeForServersOnly() {
      purposes(KeyPurposeId.id_kp_serverAuth);
    }

    @Test
    void mustNotBeForAnythingAtAll() {
      purposes(KeyPurposeId.anyExtendedKeyUsage);
      purposes(KeyPurposeId.anyExtendedKeyUsage, KeyPurposeId.id_kp_serverAuth);
    }

    private void purposes(KeyPurposeId... purposes) {
      refuses(root.svid(CART, s -> s.extendedKeyUsage(purposes)), Rule.EXTENDED_KEY_USAGE);
    }
  }

  @Nested
  final class PublicKeyKinds {
    @Test
    void takesP384AndLongRsa() throws Exception {
      for (var keys : List.of(Keys.elliptic("secp384r1"), Keys.rsa(2048))) {
        assertThat(validator.validate(root.svid(CART, s -> s.keys(keys)).der()).id())
            .isEqualTo(CART);
      }
    }

    @Test
    void takesARootOfRsa() throws Exception {
      TestAuthority rsa = TestAuthority.root("cluster.local", s -> s.keys(Keys.rsa(2048)));

      assertThat(validator(TrustBundles.of(rsa.bundle()), NOW).validate(rsa.svid(CART).der()).id())
          .isEqualTo(CART);
    }

    @Test
    void refusesShortRsa() {
      refuses(root.svid(CART, s -> s.keys(Keys.rsa(1024))), Rule.KEY);
      refuses(root.svid(CART, s -> s.keys(Keys.rsa(2040))), Rule.KEY);
    }

    @Test
    void refusesOtherCurves() {
      refuses(root.svid(CART, s -> s.keys(Keys.elliptic("secp521r1"))), Rule.KEY);
      refuses(root.svid(CART, s -> s.keys(Keys.ed25519())), Rule.KEY);
    }

    @Test
    void refusesAWeakIntermediate() {
      refuses(root.intermediate(s -> s.keys(Keys.elliptic("secp521r1"))).svid(CART), Rule.KEY);
    }
  }

  @Nested
  final class Expectations {
    @Test
    void takesTheExpectedIdentityAlone() throws Exception {
      List<byte[]> chain = root.svid(CART).der();

      assertThat(validator.validate(chain, CART).id()).isEqualTo(CART);
      refusesExpectation(
          () -> validator.validate(chain, SpiffeId.workload("cluster.local", "shop", "pay")));
      refusesExpectation(() -> validator.validate(chain, STRANGER));
    }

    @Test
    void takesTheExpectedTrustDomainAlone() throws Exception {
      List<byte[]> chain = foreign.svid(STRANGER).der();

      assertThat(validator.validateTrustDomain(chain, "other.example").id()).isEqualTo(STRANGER);
      refusesExpectation(() -> validator.validateTrustDomain(chain, "cluster.local"));
    }

    private void refusesExpectation(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
      assertThatExceptionOfType(InvalidSvidException.class)
          .isThrownBy(call)
          .satisfies(e -> assertThat(e.rule()).isEqualTo(Rule.EXPECTED_IDENTITY))
          .withMessageContaining("expected");
    }
  }

  private static List<byte[]> der(TestAuthority authority) throws CertificateEncodingException {
    return List.of(authority.certificate().getEncoded());
  }

  private SvidValidator validatorAt(Instant now) {
    return validator(TrustBundles.of(root.bundle()).with(foreign.bundle()), now);
  }

  private static SvidValidator validator(TrustBundles bundles, Instant now) {
    return new SvidValidator(bundles, InstantSource.fixed(now));
  }

  private void refuses(TestSvid svid, Rule rule) {
    refuses(svid.der(), rule);
  }

  private void refuses(List<byte[]> chain, Rule rule) {
    refuses(validator, chain, rule);
  }

  private static void refuses(SvidValidator validator, List<byte[]> chain, Rule rule) {
    assertThatExceptionOfType(InvalidSvidException.class)
        .isThrownBy(() -> validator.validate(chain))
        .satisfies(e -> assertThat(e.rule()).describedAs(e.getMessage()).isEqualTo(rule));
  }
}
