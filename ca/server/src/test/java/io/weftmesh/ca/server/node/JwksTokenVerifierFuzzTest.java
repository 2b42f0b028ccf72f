package io.weftmesh.ca.server.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tokens of any kind. Whatever the text: what a genuine token says, or a refusal; and a token that
 * was tampered with is refused. {@code -Dweft.fuzz.rounds=100000000} for a long run.
 */
class JwksTokenVerifierFuzzTest {
  private static final int ROUNDS = Integer.getInteger("weft.fuzz.rounds", 30_000) / 15 + 1;
  private static final long SEED = Long.getLong("weft.fuzz.seed", 37);

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final BoundToken GENUINE =
      new BoundToken(new ServiceAccount("weft-system", "proxy"), "pod-uid", "node-a");
  private static final String CLAIMS =
      """
      {"iss":"https://kubernetes.default.svc","aud":["weft-ca"],\
      "sub":"system:serviceaccount:weft-system:proxy","iat":1772366400,"nbf":1772366400,\
      "exp":1772367000,"kubernetes.io":{"namespace":"weft-system",\
      "node":{"name":"node-a","uid":"n"},"pod":{"name":"proxy","uid":"pod-uid"},\
      "serviceaccount":{"name":"proxy","uid":"s"}}}\
      """;

  private static final String[] PIECES = {
    ".",
    "=",
    "-",
    "_",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "1e999",
    "-1",
    "\\u0000",
    "\\ud83d",
    "{\"a\":",
    "[[[[",
    "\"alg\":\"none\",",
    "\"alg\":\"HS256\",",
    "\"kid\":\"r1\",",
    "\"crit\":[\"exp\"],",
    "\"b64\":false,",
    "\"zip\":\"DEF\",",
    "\"exp\":99999999999999999999,",
    "\"aud\":\"weft-ca\",",
    "\"aud\":{},",
    "\"jwk\":{\"kty\":\"EC\"},",
    "\"x5c\":[\"\"],",
    "\u00e9",
  };

  private static String genuineEs;
  private static String genuineRs;
  private static ECKey ec;
  private static JwksTokenVerifier verifier;

  @BeforeAll
  static void keys(@TempDir Path folder) throws Exception {
    ec = new ECKeyGenerator(Curve.P_256).keyID("k1").generate();
    RSAKey rsa = new RSAKeyGenerator(2048).keyID("r1").generate();
    Path jwks = folder.resolve("jwks.json");
    Files.writeString(jwks, new JWKSet(List.of(ec.toPublicJWK(), rsa.toPublicJWK())).toString());
    verifier = JwksTokenVerifier.open(jwks, InstantSource.fixed(NOW));
    genuineEs = signed(CLAIMS, JWSAlgorithm.ES256, "k1", new ECDSASigner(ec));
    genuineRs = signed(CLAIMS, JWSAlgorithm.RS256, "r1", new RSASSASigner(rsa));
    assertThat(verifier.verify(genuineEs)).isEqualTo(GENUINE);
    assertThat(verifier.verify(genuineRs)).isEqualTo(GENUINE);
  }

  /** A signature has more than one text that decodes to it; what it signs has not. */
  @Test
  void aTokenThatWasTamperedWithIsRefused() {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String genuine = random.nextBoolean() ? genuineEs : genuineRs;
      String token = bent(genuine, random);
      if (isVerified(seed, token)) {
        assertThat(withoutSignature(token))
            .describedAs("seed %d", seed)
            .isEqualTo(withoutSignature(genuine));
      }
    }
  }

  /** In its parts, each encoded as it ought to be. */
  @Test
  void aTokenWithOtherPartsIsRefused() {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String genuine = random.nextBoolean() ? genuineEs : genuineRs;
      String[] parts = genuine.split("\\.", -1);
      int part = random.nextInt(2);
      String text = new String(Base64.getUrlDecoder().decode(parts[part]), UTF_8);
      String other = bent(text, random);
      parts[part] = encoded(other);
      if (random.nextInt(8) == 0) {
        parts[2] = "";
      }
      if (isVerified(seed, String.join(".", parts))) {
        assertThat(other).describedAs("seed %d", seed).isEqualTo(text);
      }
    }
  }

  /** The issuer itself may err: what is signed is read with the same care. */
  @Test
  void anyClaimsAreUnderstoodOrRefused() throws Exception {
    var signer = new ECDSASigner(ec);
    for (long seed = SEED; seed < SEED + ROUNDS / 4 + 1; seed++) {
      String claims = bent(CLAIMS, new SplittableRandom(seed));
      isVerified(seed, signed(claims, JWSAlgorithm.ES256, "k1", signer));
    }
  }

  /** Whether it is; a signed token that says something else than the genuine one is no failure. */
  private static boolean isVerified(long seed, String token) {
    try {
      BoundToken bound = verifier.verify(token);
      assertThat(bound.node()).isNotEmpty();
      assertThat(bound.podUid()).isNotEmpty();
      return true;
    } catch (RefusedException refused) {
      assertThat(refused.refusal()).describedAs("seed %d", seed).isNotNull();
      return false;
    } catch (RuntimeException | Error failure) {
      throw new AssertionError("seed " + seed + ": " + token, failure);
    }
  }

  private static String withoutSignature(String token) {
    return token.substring(0, token.lastIndexOf('.'));
  }

  private static String signed(String claims, JWSAlgorithm algorithm, String kid, JWSSigner signer)
      throws JOSEException {
    var jws =
        new JWSObject(new JWSHeader.Builder(algorithm).keyID(kid).build(), new Payload(claims));
    jws.sign(signer);
    return jws.serialize();
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
  }

  private static String bent(String whole, SplittableRandom random) {
    var text = new StringBuilder(whole);
    for (int changes = 1 + random.nextInt(3); changes > 0 && !text.isEmpty(); changes--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(6)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.setCharAt(at, (char) (33 + random.nextInt(94)));
        case 2 -> text.setLength(at);
        case 3 -> text.insert(at, text.substring(random.nextInt(at + 1), at));
        default -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
      }
    }
    return text.toString();
  }
}
