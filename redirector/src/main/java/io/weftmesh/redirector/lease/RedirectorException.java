package io.weftmesh.redirector.lease;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A request that the redirector refused or could not carry out. */
public final class RedirectorException extends IOException {
  private static final long serialVersionUID = 1;

  private final Reason reason;

  /** A refusal with what a person should know about it. */
  public RedirectorException(Reason reason, String detail) {
    this(reason, detail, null);
  }

  /** A refusal and what led to it. */
  public RedirectorException(Reason reason, String detail, @Nullable Throwable cause) {
    super(reason + ": " + detail, cause);
    this.reason = reason;
  }

  /** What a program decides on. */
  public Reason reason() {
    return reason;
  }
}
