package io.weftmesh.ca.server.rotation;

/** A step of the rotation that may not be taken now; the message says why, and what to do. */
public final class RotationRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  public RotationRefusedException(String message) {
    super(message);
  }
}
