package io.weftmesh.redirector.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * The one door to the kernel: {@code syscall(2)} with six machine words.
 *
 * <p>One function of one shape, rather than a handle for each call, because every shape that {@code
 * java.lang.foreign} links costs generated classes, and the redirector's memory is budgeted. It
 * also keeps clear of libc's wrappers, some of which act on all threads of a process where the
 * kernel acts on one. Any thread may call it.
 */
final class Kernel {
  /** Numbers of the system calls: the only thing that differs between the two architectures. */
  enum Call {
    READLINKAT(267, 78),
    OPENAT(257, 56),
    CLOSE(3, 57),
    FSTAT(5, 80),
    FCNTL(72, 25),
    IOCTL(16, 29),
    SOCKET(41, 198),
    BIND(49, 200),
    LISTEN(50, 201),
    ACCEPT4(288, 242),
    CONNECT(42, 203),
    GETSOCKNAME(51, 204),
    SETSOCKOPT(54, 208),
    GETSOCKOPT(55, 209),
    SHUTDOWN(48, 210),
    SENDMSG(46, 211),
    RECVMSG(47, 212),
    UNSHARE(272, 97),
    SETNS(308, 268),
    EXECVE(59, 221),
    CLOSE_RANGE(436, 436);

    private final int x86;
    private final int arm;

    Call(int x86, int arm) {
      this.x86 = x86;
      this.arm = arm;
    }
  }

  private static final boolean ARM = isArm();
  private static final MethodHandle SYSCALL = link();

  private Kernel() {}

  /** Calls, and again when a signal interrupted the call; throws what the kernel reports. */
  static long call(Call call, long a, long b, long c, long d, long e) throws LinuxException {
    while (true) {
      long result = once(call, a, b, c, d, e);
      if (result >= 0) {
        return result;
      }
      // Linux has released the descriptor even when close is interrupted: the number may be another
      // thread's by now.
      if (result != -Errno.EINTR || call == Call.CLOSE) {
        throw new LinuxException(call.name().toLowerCase(Locale.ROOT), (int) -result);
      }
    }
  }

  static long call(Call call, long a, long b, long c) throws LinuxException {
    return call(call, a, b, c, 0, 0);
  }

  private static long once(Call call, long a, long b, long c, long d, long e) {
    long number = ARM ? call.arm : call.x86;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(JAVA_INT);
      long result = (long) SYSCALL.invokeExact(errno, number, a, b, c, d, e, 0L);
      return result == -1 ? -errno.get(JAVA_INT, 0) : result;
    } catch (RuntimeException | Error unexpected) {
      throw unexpected;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * The C library declares the function variadic. Both architectures pass integers to a variadic
   * function as to any other, so that no extra linker option is needed.
   */
  @SuppressWarnings("restricted") // Native access is what this class is for.
  private static MethodHandle link() {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor shape =
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    return linker.downcallHandle(
        linker.defaultLookup().find("syscall").orElseThrow(),
        shape,
        Linker.Option.captureCallState("errno"));
  }

  private static boolean isArm() {
    String architecture = System.getProperty("os.arch");
    return switch (architecture) {
      case "amd64" -> false;
      case "aarch64" -> true;
      default ->
          throw new UnsupportedOperationException(
              "os.arch is " + architecture + ", expected amd64 or aarch64 on Linux");
    };
  }
}
