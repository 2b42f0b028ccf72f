package io.weftmesh.redirector.lease;

import io.weftmesh.redirector.linux.Files;
import io.weftmesh.redirector.linux.LinuxException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One owned file descriptor. Either it is closed here, or {@link #take} hands the number on to an
 * owner such as a Netty channel. Thread-safe.
 */
public final class Descriptor implements AutoCloseable {
  private static final int GONE = -1;

  private final AtomicInteger number;

  /** Becomes the owner of a descriptor. */
  public Descriptor(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("descriptor is " + number + ", expected 0 or more");
    }
    this.number = new AtomicInteger(number);
  }

  /**
   * The number; the owner stays this one.
   *
   * @throws IllegalStateException if it was taken or closed
   */
  public int number() {
    return checkOpen(number.get());
  }

  /**
   * The number, which is the caller's to close from now on.
   *
   * @throws IllegalStateException if it was taken or closed before
   */
  public int take() {
    return checkOpen(number.getAndSet(GONE));
  }

  /** A second descriptor of the same socket, to give to a channel while this one is kept. */
  public Descriptor duplicate() throws LinuxException {
    return new Descriptor(Files.duplicate(number()));
  }

  /** Closes the descriptor unless it was taken; never shuts the socket down. Idempotent. */
  @Override
  public void close() {
    int open = number.getAndSet(GONE);
    if (open != GONE) {
      Files.close(open);
    }
  }

  private static int checkOpen(int number) {
    if (number == GONE) {
      throw new IllegalStateException("descriptor was taken or closed");
    }
    return number;
  }
}
