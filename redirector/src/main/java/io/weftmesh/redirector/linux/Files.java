package io.weftmesh.redirector.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weftmesh.redirector.linux.Kernel.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Descriptors and files. Any thread may call these. */
public final class Files {
  private static final int AT_FDCWD = -100;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_NOFOLLOW_X86 = 0x20000;
  private static final int O_NOFOLLOW_ARM = 0x8000;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int FIRST_NOT_STANDARD = 3;
  private static final long ALL_NUMBERS = 0xFFFFFFFFL;
  private static final int CLOSE_RANGE_CLOEXEC = 4;
  private static final int STAT_BYTES = 144;
  private static final int LINK_BYTES = 256;

  private Files() {}

  /** The identity of an open file: of a namespace too. */
  public record Identity(long device, long inode) {
    @Override
    public String toString() {
      return device + ":" + inode;
    }
  }

  /** Opens a file for reading, following symbolic links. */
  public static int open(String path) throws LinuxException {
    return open(path, O_CLOEXEC);
  }

  /** Opens a file for reading, unless its last component is a symbolic link. */
  public static int openNoFollow(String path) throws LinuxException {
    int noFollow =
        "aarch64".equals(System.getProperty("os.arch")) ? O_NOFOLLOW_ARM : O_NOFOLLOW_X86;
    return open(path, O_CLOEXEC | noFollow);
  }

  private static int open(String path, int flags) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Kernel.call(Call.OPENAT, AT_FDCWD, arena.allocateFrom(path).address(), flags);
    }
  }

  /** Closes a descriptor. An error leaves nothing to be done: the number is free in any case. */
  public static void close(int descriptor) {
    try {
      Kernel.call(Call.CLOSE, descriptor, 0, 0);
    } catch (LinuxException released) {
      if (released.errno() == Errno.EBADF) {
        throw new IllegalStateException("descriptor " + descriptor + " is not open", released);
      }
    }
  }

  /** Lets no descriptor but the three standard ones survive the execution of another program. */
  public static void closeOnExecute() throws LinuxException {
    Kernel.call(Call.CLOSE_RANGE, FIRST_NOT_STANDARD, ALL_NUMBERS, CLOSE_RANGE_CLOEXEC);
  }

  /** A second descriptor of the same open file, close-on-exec. */
  public static int duplicate(int descriptor) throws LinuxException {
    return (int) Kernel.call(Call.FCNTL, descriptor, F_DUPFD_CLOEXEC, 0);
  }

  /** Device and inode of an open file. */
  public static Identity identity(int descriptor) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
      Kernel.call(Call.FSTAT, descriptor, stat.address(), 0);
      return new Identity(stat.get(JAVA_LONG, 0), stat.get(JAVA_LONG, Long.BYTES));
    }
  }

  /** The target of a symbolic link. */
  public static String readLink(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(LINK_BYTES);
      int length =
          (int)
              Kernel.call(
                  Call.READLINKAT,
                  AT_FDCWD,
                  arena.allocateFrom(path).address(),
                  target.address(),
                  LINK_BYTES,
                  0);
      return new String(target.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }
  }
}
