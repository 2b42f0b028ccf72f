package io.weftmesh.ca.api;

import org.jspecify.annotations.Nullable;

/** The ca refused something, or could not be asked. */
public final class CaException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  CaException(String reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** The kind of failure in one word of lower case, for metrics. */
  public String reason() {
    return reason;
  }
}
