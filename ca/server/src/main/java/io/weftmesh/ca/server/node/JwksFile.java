package io.weftmesh.ca.server.node;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.text.ParseException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that tokens are signed with, from a JWKS file (RFC 7517), read again when it has
 * changed. A file that cannot be read leaves the keys in force that were read before. Thread-safe.
 */
final class JwksFile {
  private static final Logger log = LoggerFactory.getLogger(JwksFile.class);

  private static final int MAX_BYTES = 1 << 20;
  private static final int MIN_RSA_BITS = 2048;

  private final Path file;
  private @Nullable Stamp seen;
  private Map<String, Key> keys = Map.of();

  /** A key and the one algorithm that it is for. */
  record Key(String algorithm, JWSVerifier verifier) {}

  private record Stamp(FileTime modified, long size, @Nullable Object inode) {}

  private JwksFile(Path file) {
    this.file = file;
  }

  /**
   * Reads the file for the first time.
   *
   * @throws IOException if it cannot be read, or holds no key that could be used
   */
  static JwksFile open(Path file) throws IOException {
    JwksFile jwks = new JwksFile(file);
    jwks.seen = jwks.stamp();
    jwks.keys = jwks.read();
    return jwks;
  }

  /** The key of that id, if there is one. */
  synchronized @Nullable Key key(String id) {
    try {
      Stamp now = stamp();
      if (!now.equals(seen)) {
        seen = now;
        keys = read();
        log.info("Read {} token keys from {}", keys.size(), file);
      }
    } catch (IOException e) {
      log.warn("{}; the {} keys read before stay in force", e.getMessage(), keys.size());
    }
    return keys.get(id);
  }

  private Stamp stamp() throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return new Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
  }

  private Map<String, Key> read() throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is larger than " + MAX_BYTES + " bytes");
    }
    Map<String, Key> read = new HashMap<>();
    try {
      for (JWK jwk : JWKSet.parse(Files.readString(file)).getKeys()) {
        Key key = usable(jwk);
        if (jwk.getKeyID() != null && key != null) {
          read.put(jwk.getKeyID(), key);
        }
      }
    } catch (ParseException | JOSEException | RuntimeException e) {
      throw new IOException(file + " is no JWKS (RFC 7517): " + e.getMessage(), e);
    }
    if (read.isEmpty()) {
      throw new IOException(
          file + " holds no key that can be used, expected a JWKS with kid, EC on P-256 or RSA");
    }
    return Map.copyOf(read);
  }

  /** The algorithm follows from the key, never from the token: no RSA key ever checks an HMAC. */
  private static @Nullable Key usable(JWK jwk) throws JOSEException {
    return switch (jwk) {
      case ECKey ec when ec.getCurve().equals(Curve.P_256) ->
          new Key("ES256", new ECDSAVerifier(ec.toECPublicKey()));
      case RSAKey rsa when rsa.size() >= MIN_RSA_BITS ->
          new Key("RS256", new RSASSAVerifier(rsa.toRSAPublicKey()));
      default -> null;
    };
  }
}
