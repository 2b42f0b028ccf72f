package io.weftmesh.proxy.tunnel;

import java.net.ConnectException;

/** A connection to a pod of this node that was not made: nothing was sent to the application. */
public final class Refused extends ConnectException {
  private static final long serialVersionUID = 1L;

  /** Why, as the caller's side is told. */
  public enum Reason {
    /** The access policy or the mode of mutual TLS says no. */
    DENIED(401),
    /** The application refused, or didn't answer, or the pod is about to go. */
    UNREACHABLE(503);

    private final int status;

    Reason(int status) {
      this.status = status;
    }

    /** The HTTP status that answers a CONNECT. */
    public int status() {
      return status;
    }
  }

  private final Reason reason;

  /**
   * @param message for the log and the peer: who asked for what, and what forbade it
   */
  public Refused(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  /** Costs as much as the connection itself, and says only where this class was used. */
  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
