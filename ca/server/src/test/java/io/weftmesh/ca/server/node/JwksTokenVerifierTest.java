package io.weftmesh.ca.server.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.weftmesh.ca.server.TestClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JwksTokenVerifierTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir private Path folder;
  private final TestClock clock = new TestClock(NOW);
  private ECKey key;
  private Path jwks;
  private JwksTokenVerifier verifier;

  @BeforeEach
  void keys() throws Exception {
    key = new ECKeyGenerator(Curve.P_256).keyID("k1").generate();
    jwks = folder.resolve("jwks.json");
    Files.writeString(jwks, new JWKSet(key.toPublicJWK()).toString());
    verifier = JwksTokenVerifier.open(jwks, clock);
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer("https://kubernetes.default.svc")
        .audience("weft-ca")
        .subject("system:serviceaccount:weft-system:weft-node-proxy")
        .issueTime(Date.from(NOW))
        .notBeforeTime(Date.from(NOW))
        .expirationTime(Date.from(NOW.plusSeconds(600)))
        .claim(
            "kubernetes.io",
            Map.of(
                "namespace", "weft-system",
                "node", Map.of("name", "node-a", "uid", "n"),
                "pod", Map.of("name", "proxy", "uid", "pod-uid"),
                "serviceaccount", Map.of("name", "weft-node-proxy", "uid", "s")));
  }

  private String es256(JWTClaimsSet.Builder claims) throws Exception {
    return sign(claims, JWSAlgorithm.ES256, "k1", new ECDSASigner(key));
  }

  private static String sign(
      JWTClaimsSet.Builder claims, JWSAlgorithm algorithm, String kid, JWSSigner signer)
      throws Exception {
    SignedJWT jwt =
        new SignedJWT(new JWSHeader.Builder(algorithm).keyID(kid).build(), claims.build());
    jwt.sign(signer);
    return jwt.serialize();
  }

  private void assertRefused(Refusal refusal, String token) {
    assertThatThrownBy(() -> verifier.verify(token))
        .asInstanceOf(type(RefusedException.class))
        .extracting(RefusedException::refusal)
        .isEqualTo(refusal);
  }

  @Test
  void believesAGenuineToken() throws Exception {
    assertThat(verifier.verify(es256(claims())))
        .isEqualTo(
            new BoundToken(
                new ServiceAccount("weft-system", "weft-node-proxy"), "pod-uid", "node-a"));
  }

  @Test
  void believesRsaToo() throws Exception {
    RSAKey rsa = new RSAKeyGenerator(2048).keyID("r1").generate();
    Files.writeString(jwks, new JWKSet(List.of(rsa.toPublicJWK())).toString());
    verifier = JwksTokenVerifier.open(jwks, clock);

    assertThat(
            verifier.verify(sign(claims(), JWSAlgorithm.RS256, "r1", new RSASSASigner(rsa))).node())
        .isEqualTo("node-a");
    assertRefused(
        Refusal.TOKEN_ALGORITHM, sign(claims(), JWSAlgorithm.RS512, "r1", new RSASSASigner(rsa)));
  }

  @Test
  void refusesUnsignedTokens() {
    assertRefused(Refusal.TOKEN_ALGORITHM, new PlainJWT(claims().build()).serialize());
  }

  @Test
  void refusesAPublicKeyUsedAsAPassword() throws Exception {
    byte[] publicKey = Arrays.copyOf(key.toECPublicKey().getEncoded(), 91);

    assertRefused(
        Refusal.TOKEN_ALGORITHM,
        sign(claims(), JWSAlgorithm.HS256, "k1", new MACSigner(publicKey)));
  }

  @Test
  void refusesKeysThatItDoesNotKnow() throws Exception {
    ECKey other = new ECKeyGenerator(Curve.P_256).keyID("k2").generate();

    assertRefused(
        Refusal.TOKEN_UNKNOWN_KEY,
        sign(claims(), JWSAlgorithm.ES256, "k2", new ECDSASigner(other)));
    assertRefused(
        Refusal.TOKEN_UNKNOWN_KEY, sign(claims(), JWSAlgorithm.ES256, null, new ECDSASigner(key)));
    assertRefused(
        Refusal.TOKEN_SIGNATURE, sign(claims(), JWSAlgorithm.ES256, "k1", new ECDSASigner(other)));
  }

  @Test
  void refusesAnAlteredToken() throws Exception {
    String[] parts = es256(claims()).split("\\.", -1);
    String altered =
        new String(Base64.getUrlDecoder().decode(parts[1]), UTF_8).replace("node-a", "node-b");
    parts[1] = Base64.getUrlEncoder().withoutPadding().encodeToString(altered.getBytes(UTF_8));

    assertRefused(Refusal.TOKEN_SIGNATURE, String.join(".", parts));
  }

  @Test
  void refusesOtherIssuersAndAudiences() throws Exception {
    assertRefused(Refusal.TOKEN_ISSUER, es256(claims().issuer("https://evil.example")));
    assertRefused(Refusal.TOKEN_ISSUER, es256(claims().issuer(null)));
    assertRefused(
        Refusal.TOKEN_AUDIENCE, es256(claims().audience("https://kubernetes.default.svc")));
    assertRefused(Refusal.TOKEN_AUDIENCE, es256(claims().audience((String) null)));
    assertThat(verifier.verify(es256(claims().audience(List.of("other", "weft-ca"))))).isNotNull();
  }

  @Test
  void refusesOutsideOfItsTime() throws Exception {
    String token = es256(claims());
    clock.advance(Duration.ofSeconds(599));
    assertThat(verifier.verify(token)).isNotNull();
    clock.advance(Duration.ofSeconds(1));
    assertRefused(Refusal.TOKEN_EXPIRED, token);

    assertRefused(Refusal.TOKEN_EXPIRED, es256(claims().expirationTime(null)));
    Instant later = clock.instant().plusSeconds(11);
    JWTClaimsSet.Builder claims = claims().expirationTime(Date.from(later.plusSeconds(60)));
    assertRefused(Refusal.TOKEN_NOT_YET_VALID, es256(claims.notBeforeTime(Date.from(later))));
    assertRefused(
        Refusal.TOKEN_NOT_YET_VALID, es256(claims.notBeforeTime(null).issueTime(Date.from(later))));
  }

  @Test
  void refusesTokensThatAreNotBoundToAPodOnANode() throws Exception {
    assertRefused(Refusal.TOKEN_NOT_BOUND, es256(claims().claim("kubernetes.io", null)));
    assertRefused(Refusal.TOKEN_NOT_BOUND, es256(claims().claim("kubernetes.io", "text")));
    assertRefused(
        Refusal.TOKEN_NOT_BOUND,
        es256(
            claims()
                .claim(
                    "kubernetes.io",
                    Map.of(
                        "namespace", "weft-system",
                        "pod", Map.of("name", "proxy", "uid", "pod-uid"),
                        "serviceaccount", Map.of("name", "weft-node-proxy")))));
    assertRefused(
        Refusal.TOKEN_NOT_BOUND, es256(claims().subject("system:serviceaccount:shop:web")));
  }

  @Test
  void refusesGarbage() {
    assertRefused(Refusal.TOKEN_MALFORMED, "");
    assertRefused(Refusal.TOKEN_MALFORMED, "a.b");
    assertRefused(Refusal.TOKEN_MALFORMED, "a.b.c");
    assertRefused(Refusal.TOKEN_MALFORMED, "x".repeat(JwksTokenVerifier.MAX_TOKEN_CHARACTERS + 1));
  }

  @Test
  void takesUpNewKeysAndKeepsTheOldWhenTheFileIsBroken() throws Exception {
    ECKey next = new ECKeyGenerator(Curve.P_256).keyID("k2").generate();
    Files.writeString(jwks, new JWKSet(next.toPublicJWK()).toString() + " ".repeat(7));
    assertThat(verifier.verify(sign(claims(), JWSAlgorithm.ES256, "k2", new ECDSASigner(next))))
        .isNotNull();
    assertRefused(Refusal.TOKEN_UNKNOWN_KEY, es256(claims()));

    Files.writeString(jwks, "{");
    assertThat(verifier.verify(sign(claims(), JWSAlgorithm.ES256, "k2", new ECDSASigner(next))))
        .isNotNull();
  }

  @Test
  void doesNotStartWithoutKeys() throws Exception {
    Files.writeString(jwks, "{\"keys\":[]}");
    assertThatThrownBy(() -> JwksTokenVerifier.open(jwks, clock))
        .hasMessageContaining("holds no key that can be used");
    Files.writeString(jwks, "nonsense");
    assertThatThrownBy(() -> JwksTokenVerifier.open(jwks, clock))
        .hasMessageContaining("is no JWKS");
  }
}
