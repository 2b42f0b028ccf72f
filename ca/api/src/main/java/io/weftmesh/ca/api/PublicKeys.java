package io.weftmesh.ca.api;

import io.weftmesh.ca.api.InvalidSvidException.Rule;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.util.Locale;

/** The kinds of keys that Weft takes: P-256, P-384, RSA from 2048 bits. */
final class PublicKeys {
  private static final int MIN_RSA_BITS = 2048;

  /** Verifying with a larger one costs more than a handshake should. */
  private static final int MAX_RSA_BITS = 8192;

  private static final ECParameterSpec P256 = curve("secp256r1");
  private static final ECParameterSpec P384 = curve("secp384r1");

  private PublicKeys() {}

  static void check(PublicKey key) throws InvalidSvidException {
    switch (key) {
      case ECPublicKey ec -> {
        if (!same(ec.getParams(), P256) && !same(ec.getParams(), P384)) {
          throw refused("an elliptic curve key that is on neither P-256 nor P-384");
        }
      }
      case RSAPublicKey rsa when key.getAlgorithm().equals("RSA") -> {
        int bits = rsa.getModulus().bitLength();
        if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
          throw refused("an RSA key of " + bits + " bits");
        }
      }
      default -> throw refused("a key of type " + Printable.of(key.getAlgorithm()));
    }
  }

  private static InvalidSvidException refused(String found) {
    return new InvalidSvidException(
        Rule.KEY,
        String.format(
            Locale.ROOT,
            "%s, expected P-256, P-384 or RSA of %d to %d bits",
            found,
            MIN_RSA_BITS,
            MAX_RSA_BITS));
  }

  private static boolean same(ECParameterSpec a, ECParameterSpec b) {
    return a.getCurve().equals(b.getCurve())
        && a.getGenerator().equals(b.getGenerator())
        && a.getOrder().equals(b.getOrder())
        && a.getCofactor() == b.getCofactor();
  }

  private static ECParameterSpec curve(String name) {
    try {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
      parameters.init(new ECGenParameterSpec(name));
      return parameters.getParameterSpec(ECParameterSpec.class);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK knows " + name, e);
    }
  }
}
