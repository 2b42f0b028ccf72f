package io.weftmesh.lab.mesh;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;

/**
 * Issues tokens shaped like Kubernetes' bound service account tokens, and the key set that they are
 * verified with.
 */
public final class TokenIssuer {
  /** What {@code kube-apiserver} calls itself in most clusters. */
  public static final String ISSUER = "https://kubernetes.default.svc";

  /** The audience that the ca asks for. */
  public static final String CA_AUDIENCE = "weft-ca";

  private static final int P256_BYTES = 32;

  private final KeyPair key;
  private final String keyId;

  /** An issuer with a new key. */
  public TokenIssuer() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      key = generator.generateKeyPair();
      keyId = UUID.randomUUID().toString();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private TokenIssuer(KeyPair key, String keyId) {
    this.key = key;
    this.keyId = keyId;
  }

  /** The issuer that {@link #save} wrote, with the same key. */
  static TokenIssuer read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    Base64.Decoder base64 = Base64.getDecoder();
    try {
      KeyFactory keys = KeyFactory.getInstance("EC");
      return new TokenIssuer(
          new KeyPair(
              keys.generatePublic(new X509EncodedKeySpec(base64.decode(lines.get(1)))),
              keys.generatePrivate(new PKCS8EncodedKeySpec(base64.decode(lines.get(2))))),
          lines.get(0));
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " holds no key of a token issuer", e);
    }
  }

  /** Writes the key to a new file that only its owner can read. */
  void save(Path file) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Base64.Encoder base64 = Base64.getEncoder();
    Files.write(
        file,
        List.of(
            keyId,
            base64.encodeToString(key.getPublic().getEncoded()),
            base64.encodeToString(key.getPrivate().getEncoded())));
  }

  /**
   * What a token says of its bearer.
   *
   * @param pod the pod that the token is bound to
   */
  public record Claims(
      String namespace,
      String serviceAccount,
      String node,
      String pod,
      String podUid,
      String audience,
      Instant expires) {
    public Claims audience(String other) {
      return new Claims(namespace, serviceAccount, node, pod, podUid, other, expires);
    }

    public Claims node(String other) {
      return new Claims(namespace, serviceAccount, other, pod, podUid, audience, expires);
    }

    public Claims expires(Instant other) {
      return new Claims(namespace, serviceAccount, node, pod, podUid, audience, other);
    }

    public Claims serviceAccount(String other) {
      return new Claims(namespace, other, node, pod, podUid, audience, expires);
    }
  }

  /** A JWT, signed with ES256. */
  public String issue(Claims claims) {
    String header = fill("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", keyId);
    String body =
        fill(
            """
            {"aud":["%s"],"iss":"%s","exp":%d,"iat":%d,"nbf":%d,
             "sub":"system:serviceaccount:%s:%s",
             "kubernetes.io":{"namespace":"%s",
              "node":{"name":"%s","uid":"%s"},"pod":{"name":"%s","uid":"%s"},
              "serviceaccount":{"name":"%s","uid":"%s"}}}
            """,
            claims.audience(),
            ISSUER,
            claims.expires().getEpochSecond(),
            claims.expires().minusSeconds(LIFETIME_SECONDS).getEpochSecond(),
            claims.expires().minusSeconds(LIFETIME_SECONDS).getEpochSecond(),
            claims.namespace(),
            claims.serviceAccount(),
            claims.namespace(),
            claims.node(),
            stableUid(claims.node()),
            claims.pod(),
            claims.podUid(),
            claims.serviceAccount(),
            stableUid(claims.serviceAccount()));
    String signed = base64(header.getBytes(UTF_8)) + "." + base64(body.getBytes(UTF_8));
    return signed + "." + base64(sign(signed));
  }

  /** How long the tokens are that the lab gives to node proxies: longer than any lab lives. */
  public static final long LIFETIME_SECONDS = 24 * 3600;

  /** The JSON Web Key Set of this issuer. */
  public String jwks() {
    ECPublicKey publicKey = (ECPublicKey) key.getPublic();
    return fill(
        """
        {"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"%s","x":"%s","y":"%s"}]}
        """,
        keyId,
        base64(coordinate(publicKey.getW().getAffineX())),
        base64(coordinate(publicKey.getW().getAffineY())));
  }

  private byte[] sign(String text) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(key.getPrivate());
      signature.update(text.getBytes(UTF_8));
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String stableUid(String name) {
    return UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString();
  }

  private static byte[] coordinate(BigInteger value) {
    byte[] bytes = value.toByteArray();
    byte[] fixed = new byte[P256_BYTES];
    int length = Math.min(bytes.length, P256_BYTES);
    System.arraycopy(bytes, bytes.length - length, fixed, P256_BYTES - length, length);
    return fixed;
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
