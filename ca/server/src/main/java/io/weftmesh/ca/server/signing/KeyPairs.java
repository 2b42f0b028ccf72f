package io.weftmesh.ca.server.signing;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;

/** New keys, on the curve that every process of the mesh uses. */
public final class KeyPairs {
  private static final ECGenParameterSpec CURVE = new ECGenParameterSpec("secp256r1");

  private KeyPairs() {}

  /** A key on P-256. */
  public static KeyPair p256() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(CURVE);
    return generator.generateKeyPair();
  }

  static ECParameterSpec p256Parameters() throws GeneralSecurityException {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(CURVE);
    return parameters.getParameterSpec(ECParameterSpec.class);
  }
}
