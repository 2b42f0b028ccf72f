package io.weftmesh.redirector.linux;

import java.io.IOException;

/** A system call that failed: its name and its {@code errno}. */
public final class LinuxException extends IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  LinuxException(String call, int errno) {
    super(call + ": " + Errno.name(errno));
    this.errno = errno;
  }

  /** The error number, one of {@link Errno} or any other of the kernel's. */
  public int errno() {
    return errno;
  }
}
