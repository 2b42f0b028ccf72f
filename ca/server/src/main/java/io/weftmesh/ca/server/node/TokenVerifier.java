package io.weftmesh.ca.server.node;

/**
 * Says whether a service account token is genuine, meant for the ca, and valid now. Thread-safe.
 */
public interface TokenVerifier {
  /** The audience of tokens for the ca. */
  String AUDIENCE = "weft-ca";

  /**
   * Verifies a token.
   *
   * @throws RefusedException if it is not to be believed
   */
  BoundToken verify(String token) throws RefusedException;
}
