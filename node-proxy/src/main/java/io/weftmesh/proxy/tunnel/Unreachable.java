package io.weftmesh.proxy.tunnel;

import java.net.ConnectException;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint that was not reached. Not a byte of the application's went out: another endpoint may
 * be tried.
 */
public final class Unreachable extends ConnectException {
  private static final long serialVersionUID = 1L;

  /** What a caller or a metric may go by. */
  public enum Reason {
    /** Somebody answered, and said no: closed port, no listener, application down. */
    REFUSED,
    /** Nobody answered in time. */
    TIMED_OUT,
    /** The client pod has no certificate yet. */
    NO_IDENTITY,
    /** The target's policy forbids this caller. */
    DENIED,
    /** The TLS handshake failed: one of the certificates is not what the other side expects. */
    TLS,
    /** The target is to be spoken to in mutual TLS only, and that failed. */
    PLAINTEXT_FORBIDDEN,
    /** The address is no longer the pod that it was meant to be. */
    GONE,
    /** Too many connections wait or are open already. */
    OVERLOADED,
    /** There is no socket to connect with in the client pod's namespace. */
    NO_SOCKET;

    /** Whether it speaks against the endpoint, and not against this node or the caller. */
    public boolean isOfTheEndpoint() {
      return this == REFUSED || this == TIMED_OUT || this == TLS || this == GONE;
    }
  }

  private final Reason reason;
  private final boolean unanswered;

  /**
   * @param message for the log and the user: which endpoint, what was tried, what to do
   */
  public Unreachable(Reason reason, String message) {
    this(reason, message, null);
  }

  public Unreachable(Reason reason, String message, @Nullable Throwable cause) {
    this(reason, message, cause, false);
  }

  private Unreachable(
      Reason reason, String message, @Nullable Throwable cause, boolean unanswered) {
    super(message);
    this.reason = reason;
    this.unanswered = unanswered;
    if (cause != null) {
      initCause(cause);
    }
  }

  /** Nobody spoke TLS on the target's port for tunnels: there may be no proxy in front of it. */
  static Unreachable unanswered(Reason reason, String message, Throwable cause) {
    return new Unreachable(reason, message, cause, true);
  }

  /** Whether it was made by {@link #unanswered}. */
  boolean isUnanswered() {
    return unanswered;
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
