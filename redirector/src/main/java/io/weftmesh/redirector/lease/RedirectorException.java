package io.weftmesh.redirector.lease;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A request that the redirector refused or could not carry out. */
public final class RedirectorException extends IOException {
  private static final long serialVersionUID = 1;

  private final Reason reason;
  private final String detail;

  /** A refusal with what a person should know about it. */
  public RedirectorException(Reason reason, String detail) {
    this(reason, detail, null);
  }

  /** A refusal and what led to it. */
  public RedirectorException(Reason reason, String detail, @Nullable Throwable cause) {
    super(reason + ": " + detail, cause);
    this.reason = reason;
    this.detail = detail;
  }

  /** What a program decides on. */
  public Reason reason() {
    return reason;
  }

  /** What a person should know, without the reason. */
  public String detail() {
    return detail;
  }
}
