package io.weftmesh.redirector.lease.wire;

/** Bytes that are no frame of the protocol, and where they stop being one. */
public final class MalformedFrameException extends Exception {
  private static final long serialVersionUID = 1;

  private final int sequence;
  private final boolean wrongVersion;

  /** A message that is well formed and yet not to be expected. */
  public MalformedFrameException(String message) {
    this(0, message);
  }

  MalformedFrameException(int sequence, String message) {
    this(sequence, message, false);
  }

  MalformedFrameException(int sequence, String message, boolean wrongVersion) {
    super(message);
    this.sequence = sequence;
    this.wrongVersion = wrongVersion;
  }

  /** The sequence number, if the bytes were enough for one; else 0. */
  public int sequence() {
    return sequence;
  }

  /** Whether it is a frame of another version of the protocol. */
  public boolean isWrongVersion() {
    return wrongVersion;
  }
}
