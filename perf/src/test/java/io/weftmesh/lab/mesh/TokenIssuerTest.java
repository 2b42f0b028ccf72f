package io.weftmesh.lab.mesh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.cluster.Manifest;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenIssuerTest {
  private static final TokenIssuer.Claims CLAIMS =
      new TokenIssuer.Claims(
          "weft-system",
          "weft-node-proxy",
          "node-1",
          "node-proxy-node-1-1",
          "uid",
          "weft-ca",
          Instant.parse("2030-01-01T00:00:00Z"));

  /** Repeated: about every hundredth key has a coordinate that begins with a zero byte. */
  @RepeatedTest(50)
  void tokenIsVerifiedWithThePublishedKey() throws GeneralSecurityException {
    TokenIssuer issuer = new TokenIssuer();
    String[] parts = issuer.issue(CLAIMS).split("\\.", -1);
    Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
    verifier.initVerify(publicKey(issuer.jwks()));
    verifier.update((parts[0] + "." + parts[1]).getBytes(UTF_8));
    assertThat(verifier.verify(Base64.getUrlDecoder().decode(parts[2]))).isTrue();
  }

  @Test
  void issuerThatWasSavedSignsWithTheSameKey(@TempDir Path folder) throws IOException {
    TokenIssuer issuer = new TokenIssuer();
    issuer.save(folder.resolve("key"));
    TokenIssuer read = TokenIssuer.read(folder.resolve("key"));
    assertThat(read.jwks()).isEqualTo(issuer.jwks());
    assertThat(Files.getPosixFilePermissions(folder.resolve("key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void tokenSaysWhatABoundServiceAccountTokenSays() {
    String body = new TokenIssuer().issue(CLAIMS).split("\\.", -1)[1];
    // JSON is YAML too.
    Manifest claims =
        Manifest.parse(
            "kind: x\nmetadata: {name: y}\nclaims: "
                + new String(Base64.getUrlDecoder().decode(body), UTF_8));
    assertThat(claims.texts("claims", "aud")).containsExactly("weft-ca");
    assertThat(claims.text("claims", "sub"))
        .contains("system:serviceaccount:weft-system:weft-node-proxy");
    assertThat(claims.text("claims", "exp")).contains("1893456000");
    assertThat(claims.text("claims", "kubernetes.io", "node", "name")).contains("node-1");
    assertThat(claims.text("claims", "kubernetes.io", "pod", "uid")).contains("uid");
  }

  private static PublicKey publicKey(String jwks) throws GeneralSecurityException {
    Manifest keys = Manifest.parse("kind: x\nmetadata: {name: y}\njwks: " + jwks);
    Manifest key = keys.parts("jwks", "keys").getFirst();
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec("secp256r1"));
    return KeyFactory.getInstance("EC")
        .generatePublic(
            new ECPublicKeySpec(
                new ECPoint(number(key, "x"), number(key, "y")),
                parameters.getParameterSpec(ECParameterSpec.class)));
  }

  private static BigInteger number(Manifest key, String field) {
    return new BigInteger(1, Base64.getUrlDecoder().decode(key.text(field).orElseThrow()));
  }
}
