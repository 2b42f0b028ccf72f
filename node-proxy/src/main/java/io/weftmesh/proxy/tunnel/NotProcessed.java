package io.weftmesh.proxy.tunnel;

import java.io.IOException;

/** A stream that the peer certainly did nothing with: it may be opened again elsewhere. */
final class NotProcessed extends IOException {
  private static final long serialVersionUID = 1L;

  private NotProcessed(String message) {
    super(message);
  }

  static NotProcessed byGoAway() {
    return new NotProcessed("the peer is closing the tunnel");
  }

  static NotProcessed byReset() {
    return new NotProcessed("the peer refused the stream");
  }

  /** Says nothing that the message doesn't. */
  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
