package io.weftmesh.ca.server.node;

/** A call that is refused. The message is for the log: it may hold what the caller sent. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Refusal refusal;

  public RefusedException(Refusal refusal, String detail) {
    // Refusing is ordinary, and a flood of it must cost little: no stack trace.
    super(detail, null, false, false);
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
