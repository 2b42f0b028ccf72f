package io.weftmesh.redirector.linux;

/** The error numbers that somebody decides on, or that are worth a name in a message. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EEXIST = 17;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int EPIPE = 32;
  public static final int ENOBUFS = 105;
  public static final int EAFNOSUPPORT = 97;
  public static final int EADDRINUSE = 98;
  public static final int ECONNRESET = 104;
  public static final int ETOOMANYREFS = 109;
  public static final int ECONNREFUSED = 111;

  private Errno() {}

  static String name(int errno) {
    return switch (errno) {
      case EPERM -> "operation not permitted (EPERM)";
      case ENOENT -> "no such file or directory (ENOENT)";
      case EINTR -> "interrupted (EINTR)";
      case EBADF -> "bad descriptor (EBADF)";
      case EAGAIN -> "timed out or would block (EAGAIN)";
      case ENOMEM -> "out of memory (ENOMEM)";
      case EACCES -> "permission denied (EACCES)";
      case EINVAL -> "invalid argument (EINVAL)";
      case ENFILE -> "the system has no descriptors left (ENFILE)";
      case EMFILE -> "this process has no descriptors left (EMFILE)";
      case EPIPE -> "the other side is gone (EPIPE)";
      case EAFNOSUPPORT -> "address family not supported (EAFNOSUPPORT)";
      case EADDRINUSE -> "address in use (EADDRINUSE)";
      case ECONNRESET -> "connection reset (ECONNRESET)";
      case ENOBUFS -> "no buffers left (ENOBUFS)";
      case ETOOMANYREFS -> "too many descriptors in flight (ETOOMANYREFS)";
      case ECONNREFUSED -> "connection refused (ECONNREFUSED)";
      default -> "errno " + errno;
    };
  }
}
