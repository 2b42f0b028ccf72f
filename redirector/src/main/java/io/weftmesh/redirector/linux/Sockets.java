package io.weftmesh.redirector.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.weftmesh.redirector.linux.Kernel.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Sockets by descriptor. Any thread may call these; a socket is made in its network namespace. */
public final class Sockets {
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_NONBLOCK = 0x800;
  public static final int SOL_SOCKET = 1;
  public static final int SO_REUSEADDR = 2;
  public static final int SO_TYPE = 3;
  public static final int SO_PEERCRED = 17;
  public static final int SO_SNDTIMEO = 21;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_MARK = 36;
  public static final int SOL_IP = 0;
  public static final int IP_TRANSPARENT = 19;
  public static final int IP_BIND_ADDRESS_NO_PORT = 24;
  public static final int SOL_TCP = 6;
  public static final int TCP_NODELAY = 1;
  public static final int SOL_IPV6 = 41;
  public static final int IPV6_V6ONLY = 26;
  public static final int IPV6_TRANSPARENT = 75;

  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SHUT_RDWR = 2;
  private static final int SIOCGSKNS = 0x894C;
  private static final int SOCKADDR_IN_BYTES = 16;
  private static final int SOCKADDR_IN6_BYTES = 28;
  private static final int UNIX_PATH_BYTES = 108;
  private static final ValueLayout.OfShort PORT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

  private Sockets() {}

  /** Who is at the other end of a unix socket. */
  public record PeerCredentials(int pid, int uid, int gid) {}

  /** A new socket, close-on-exec. */
  public static int socket(int family, int type) throws LinuxException {
    return socket(family, type, 0);
  }

  /** A new socket of a protocol, close-on-exec. */
  public static int socket(int family, int type, int protocol) throws LinuxException {
    return (int) Kernel.call(Call.SOCKET, family, type | SOCK_CLOEXEC, protocol);
  }

  /** Sets an option of the {@code int} kind. */
  public static void setOption(int socket, int level, int option, int value) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = arena.allocateFrom(JAVA_INT, value);
      Kernel.call(Call.SETSOCKOPT, socket, level, option, argument.address(), Integer.BYTES);
    }
  }

  /** Bounds the time that a send may block; it then fails with {@link Errno#EAGAIN}. */
  public static void setSendTimeout(int socket, int seconds) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment timeval = arena.allocate(16, 8);
      timeval.set(JAVA_LONG, 0, seconds);
      Kernel.call(Call.SETSOCKOPT, socket, SOL_SOCKET, SO_SNDTIMEO, timeval.address(), 16);
    }
  }

  /** Reads an option of the {@code int} kind. */
  public static int option(int socket, int level, int option) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      Kernel.call(Call.GETSOCKOPT, socket, level, option, value.address(), length.address());
      return value.get(JAVA_INT, 0);
    }
  }

  /** The process that connected to, or listens at, the other end of a unix socket. */
  public static PeerCredentials peerCredentials(int socket) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = arena.allocate(3 * Integer.BYTES, Integer.BYTES);
      MemorySegment length = arena.allocateFrom(JAVA_INT, 3 * Integer.BYTES);
      Kernel.call(
          Call.GETSOCKOPT,
          socket,
          SOL_SOCKET,
          SO_PEERCRED,
          credentials.address(),
          length.address());
      return new PeerCredentials(
          credentials.get(JAVA_INT, 0), credentials.get(JAVA_INT, 4), credentials.get(JAVA_INT, 8));
    }
  }

  /** Binds a TCP socket to a port of the wildcard address of its family. */
  public static void bindAny(int socket, int family, int port) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      int length = family == AF_INET6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
      MemorySegment address = arena.allocate(length, Integer.BYTES);
      address.set(JAVA_SHORT, 0, (short) family);
      address.set(PORT, 2, (short) port);
      Kernel.call(Call.BIND, socket, address.address(), length);
    }
  }

  /** The port that a TCP socket is bound to; 0 if none. */
  public static int localPort(int socket) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(128, Integer.BYTES);
      MemorySegment length = arena.allocateFrom(JAVA_INT, 128);
      Kernel.call(Call.GETSOCKNAME, socket, address.address(), length.address());
      int family = address.get(JAVA_SHORT, 0);
      return family == AF_INET || family == AF_INET6
          ? Short.toUnsignedInt(address.get(PORT, 2))
          : 0;
    }
  }

  /** Makes the socket a listener. The kernel lowers the backlog to the namespace's somaxconn. */
  public static void listen(int socket, int backlog) throws LinuxException {
    Kernel.call(Call.LISTEN, socket, backlog, 0);
  }

  /** Binds a unix socket to a path. */
  public static void bindUnix(int socket, Path path) throws LinuxException {
    withUnixAddress(Call.BIND, socket, path);
  }

  /** Connects a unix socket to the one that listens at a path. */
  public static void connectUnix(int socket, Path path) throws LinuxException {
    withUnixAddress(Call.CONNECT, socket, path);
  }

  private static void withUnixAddress(Call call, int socket, Path path) throws LinuxException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= UNIX_PATH_BYTES) {
      throw new IllegalArgumentException(
          path + " has " + name.length + " bytes, a socket's path has at most 107");
    }
    try (Arena arena = Arena.ofConfined()) {
      int length = Short.BYTES + name.length + 1;
      MemorySegment address = arena.allocate(length, Short.BYTES);
      address.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, address, JAVA_BYTE, Short.BYTES, name.length);
      Kernel.call(call, socket, address.address(), length);
    }
  }

  /** Waits for a connection to a unix listener; the result is close-on-exec. */
  public static int accept(int listener) throws LinuxException {
    return (int) Kernel.call(Call.ACCEPT4, listener, 0, 0, SOCK_CLOEXEC, 0);
  }

  /** Ends both directions, which wakes the threads that block on the socket. */
  public static void shutdown(int socket) {
    try {
      Kernel.call(Call.SHUTDOWN, socket, SHUT_RDWR, 0);
    } catch (LinuxException alreadyEnded) {
      // Nothing is blocked on it then.
    }
  }

  /** A descriptor of the network namespace that a socket belongs to. */
  public static int networkNamespaceOf(int socket) throws LinuxException {
    return (int) Kernel.call(Call.IOCTL, socket, SIOCGSKNS, 0);
  }
}
