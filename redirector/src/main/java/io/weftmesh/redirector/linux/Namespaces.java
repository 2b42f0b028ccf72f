package io.weftmesh.redirector.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weftmesh.redirector.linux.Kernel.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Network namespaces of threads. */
public final class Namespaces {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int NS_GET_NSTYPE = 0xB703;

  private Namespaces() {}

  /** Whether a descriptor is one of a network namespace, rather than any other file. */
  public static boolean isNetworkNamespace(int descriptor) {
    try {
      return Kernel.call(Call.IOCTL, descriptor, NS_GET_NSTYPE, 0) == CLONE_NEWNET;
    } catch (LinuxException notNamespace) {
      return false;
    }
  }

  /**
   * Moves the calling thread, and the processes that it starts, into a network namespace, for the
   * rest of its life. Must be a platform thread that dies afterwards: a virtual thread would move
   * its carrier.
   */
  public static void enterNetwork(int namespace) throws LinuxException {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a virtual thread would take its carrier along");
    }
    Kernel.call(Call.SETNS, namespace, CLONE_NEWNET, 0);
  }

  /** Moves the calling thread into a new network namespace, in which no interface is up. */
  public static void unshareNetwork() throws LinuxException {
    Kernel.call(Call.UNSHARE, CLONE_NEWNET, 0, 0);
  }

  /**
   * Replaces this process by another program that keeps its pid and the calling thread's
   * namespaces. Returns only by an exception.
   */
  public static void execute(String program, List<String> arguments, List<String> environment)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      Kernel.call(
          Call.EXECVE,
          arena.allocateFrom(program).address(),
          strings(arena, arguments).address(),
          strings(arena, environment).address());
    }
  }

  private static MemorySegment strings(Arena arena, List<String> values) {
    MemorySegment array = arena.allocate(JAVA_LONG, values.size() + 1L);
    for (int i = 0; i < values.size(); i++) {
      array.setAtIndex(JAVA_LONG, i, arena.allocateFrom(values.get(i)).address());
    }
    return array;
  }
}
