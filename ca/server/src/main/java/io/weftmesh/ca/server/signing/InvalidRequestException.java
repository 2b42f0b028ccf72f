package io.weftmesh.ca.server.signing;

/** A signing request that is not acceptable; the message says why. */
public final class InvalidRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  InvalidRequestException(String message) {
    super(message);
  }
}
