package io.weftmesh.ca.server.node;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Verifies bound service account tokens as Kubernetes makes them against a file of keys: for
 * machines without an API server to ask.
 */
public final class JwksTokenVerifier implements TokenVerifier {
  /** The issuer of a cluster's tokens unless it was set up otherwise. */
  public static final String ISSUER = "https://kubernetes.default.svc";

  /** Kubernetes' have between 1 and 2 KB. */
  static final int MAX_TOKEN_CHARACTERS = 8192;

  /**
   * How far the issuer's clock may run ahead. Expiry is exact: its clock is the one that counts.
   */
  static final Duration CLOCK_SKEW = Duration.ofSeconds(10);

  private final JwksFile keys;
  private final InstantSource clock;

  private JwksTokenVerifier(JwksFile keys, InstantSource clock) {
    this.keys = keys;
    this.clock = clock;
  }

  /**
   * Reads the keys.
   *
   * @throws IOException if the file cannot be read, or holds no key that could be used
   */
  public static JwksTokenVerifier open(Path jwks, InstantSource clock) throws IOException {
    return new JwksTokenVerifier(JwksFile.open(jwks), clock);
  }

  @Override
  public BoundToken verify(String token) throws RefusedException {
    if (token.length() > MAX_TOKEN_CHARACTERS) {
      throw new RefusedException(
          Refusal.TOKEN_MALFORMED, "the token has " + token.length() + " characters");
    }
    try {
      SignedJWT jwt = parse(token);
      checkSignature(jwt);
      return bound(checked(jwt.getJWTClaimsSet()));
    } catch (ParseException | RuntimeException e) {
      throw new RefusedException(Refusal.TOKEN_MALFORMED, "no JWT: " + e.getMessage());
    }
  }

  private static SignedJWT parse(String token) throws RefusedException, ParseException {
    return switch (JWTParser.parse(token)) {
      case SignedJWT signed -> signed;
      case JWT other ->
          throw new RefusedException(
              Refusal.TOKEN_ALGORITHM, "not signed, but " + other.getHeader().getAlgorithm());
    };
  }

  private void checkSignature(SignedJWT jwt) throws RefusedException {
    String algorithm = jwt.getHeader().getAlgorithm().getName();
    if (!algorithm.equals("ES256") && !algorithm.equals("RS256")) {
      throw new RefusedException(
          Refusal.TOKEN_ALGORITHM, "signed with " + algorithm + ", expected ES256 or RS256");
    }
    String id = jwt.getHeader().getKeyID();
    JwksFile.Key key = id == null ? null : keys.key(id);
    if (key == null || !key.algorithm().equals(algorithm)) {
      throw new RefusedException(
          Refusal.TOKEN_UNKNOWN_KEY, "no " + algorithm + " key has the id " + id);
    }
    boolean valid;
    try {
      valid = jwt.verify(key.verifier());
    } catch (JOSEException e) {
      throw new RefusedException(Refusal.TOKEN_SIGNATURE, String.valueOf(e.getMessage()));
    }
    if (!valid) {
      throw new RefusedException(Refusal.TOKEN_SIGNATURE, "not signed by key " + id);
    }
  }

  private JWTClaimsSet checked(JWTClaimsSet claims) throws RefusedException {
    if (!ISSUER.equals(claims.getIssuer())) {
      throw new RefusedException(
          Refusal.TOKEN_ISSUER, "issued by " + claims.getIssuer() + ", expected " + ISSUER);
    }
    if (!claims.getAudience().contains(AUDIENCE)) {
      throw new RefusedException(
          Refusal.TOKEN_AUDIENCE, "meant for " + claims.getAudience() + ", expected " + AUDIENCE);
    }
    Instant now = clock.instant();
    Date expiry = claims.getExpirationTime();
    if (expiry == null || !now.isBefore(expiry.toInstant())) {
      throw new RefusedException(Refusal.TOKEN_EXPIRED, "expired at " + text(expiry));
    }
    Instant latest = now.plus(CLOCK_SKEW);
    for (Date begin : new Date[] {claims.getNotBeforeTime(), claims.getIssueTime()}) {
      if (begin != null && begin.toInstant().isAfter(latest)) {
        throw new RefusedException(Refusal.TOKEN_NOT_YET_VALID, "valid from " + text(begin));
      }
    }
    return claims;
  }

  /** The claims that Kubernetes adds for a token that is bound to a pod (KEP-1205, KEP-4193). */
  private static BoundToken bound(JWTClaimsSet claims) throws RefusedException {
    Object kubernetes = claims.getClaim("kubernetes.io");
    ServiceAccount account =
        new ServiceAccount(
            text(kubernetes, "namespace"), text(kubernetes, "serviceaccount", "name"));
    if (!account.subject().equals(claims.getSubject())) {
      throw new RefusedException(
          Refusal.TOKEN_NOT_BOUND,
          "the subject is " + claims.getSubject() + ", the claims name " + account);
    }
    return new BoundToken(
        account, text(kubernetes, "pod", "uid"), text(kubernetes, "node", "name"));
  }

  private static String text(@Nullable Object claim, String... path) throws RefusedException {
    Object value = claim;
    for (String step : path) {
      value = value instanceof Map<?, ?> map ? map.get(step) : null;
    }
    if (value instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new RefusedException(
        Refusal.TOKEN_NOT_BOUND, "no claim kubernetes.io." + String.join(".", path));
  }

  private static String text(@Nullable Date date) {
    return date == null ? "no time" : date.toInstant().toString();
  }
}
