package io.weftmesh.redirector.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weftmesh.redirector.linux.Kernel.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Messages with descriptors over a {@code SOCK_SEQPACKET} unix socket. The kernel keeps messages
 * whole, so that several threads may send on one socket without a lock.
 */
public final class Packets {
  /** The most descriptors that the kernel takes in one message ({@code SCM_MAX_FD}). */
  public static final int MAX_DESCRIPTORS = 253;

  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SCM_RIGHTS = 1;

  private static final int IOVEC_BYTES = 16;
  private static final int MSGHDR_BYTES = 56;
  private static final int MSGHDR_IOV = 16;
  private static final int MSGHDR_IOVLEN = 24;
  private static final int MSGHDR_CONTROL = 32;
  private static final int MSGHDR_CONTROLLEN = 40;
  private static final int MSGHDR_FLAGS = 48;
  private static final int CMSGHDR_BYTES = 16;
  private static final int CMSGHDR_LEVEL = 8;
  private static final int CMSGHDR_TYPE = 12;

  private Packets() {}

  /**
   * Sends one message. The descriptors stay the caller's; the kernel has copies of its own.
   *
   * @throws LinuxException {@link Errno#EAGAIN} when the send timeout passed, {@link Errno#EPIPE}
   *     when the other side is gone
   */
  public static void send(int socket, byte[] bytes, int... descriptors) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = header(arena, arena.allocateFrom(JAVA_BYTE, bytes));
      if (descriptors.length > 0) {
        int length = CMSGHDR_BYTES + descriptors.length * Integer.BYTES;
        MemorySegment control = arena.allocate(align(length), Long.BYTES);
        control.set(JAVA_LONG, 0, length);
        control.set(JAVA_INT, CMSGHDR_LEVEL, Sockets.SOL_SOCKET);
        control.set(JAVA_INT, CMSGHDR_TYPE, SCM_RIGHTS);
        MemorySegment.copy(descriptors, 0, control, JAVA_INT, CMSGHDR_BYTES, descriptors.length);
        header.set(JAVA_LONG, MSGHDR_CONTROL, control.address());
        header.set(JAVA_LONG, MSGHDR_CONTROLLEN, control.byteSize());
      }
      Kernel.call(Call.SENDMSG, socket, header.address(), MSG_NOSIGNAL);
    }
  }

  /** Waits for one message of at most {@code maxBytes}; what is longer is reported as cut. */
  public static Packet receive(int socket, int maxBytes) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(maxBytes);
      MemorySegment header = header(arena, bytes);
      int controlBytes = align(CMSGHDR_BYTES + MAX_DESCRIPTORS * Integer.BYTES);
      MemorySegment control = arena.allocate(controlBytes, Long.BYTES);
      header.set(JAVA_LONG, MSGHDR_CONTROL, control.address());
      header.set(JAVA_LONG, MSGHDR_CONTROLLEN, controlBytes);
      int length = (int) Kernel.call(Call.RECVMSG, socket, header.address(), MSG_CMSG_CLOEXEC);
      int flags = header.get(JAVA_INT, MSGHDR_FLAGS);
      int[] descriptors = descriptors(control.asSlice(0, header.get(JAVA_LONG, MSGHDR_CONTROLLEN)));
      return new Packet(
          bytes.asSlice(0, length).toArray(JAVA_BYTE),
          descriptors,
          (flags & MSG_TRUNC) != 0,
          (flags & MSG_CTRUNC) != 0);
    }
  }

  private static MemorySegment header(Arena arena, MemorySegment bytes) {
    MemorySegment vector = arena.allocate(IOVEC_BYTES, Long.BYTES);
    vector.set(JAVA_LONG, 0, bytes.address());
    vector.set(JAVA_LONG, Long.BYTES, bytes.byteSize());
    MemorySegment header = arena.allocate(MSGHDR_BYTES, Long.BYTES);
    header.set(JAVA_LONG, MSGHDR_IOV, vector.address());
    header.set(JAVA_LONG, MSGHDR_IOVLEN, 1);
    return header;
  }

  /** The kernel sends all descriptors of a message in one control message; others are none. */
  private static int[] descriptors(MemorySegment control) {
    if (control.byteSize() < CMSGHDR_BYTES
        || control.get(JAVA_INT, CMSGHDR_LEVEL) != Sockets.SOL_SOCKET
        || control.get(JAVA_INT, CMSGHDR_TYPE) != SCM_RIGHTS) {
      return new int[0];
    }
    long length = Math.min(control.get(JAVA_LONG, 0), control.byteSize());
    int count = (int) ((length - CMSGHDR_BYTES) / Integer.BYTES);
    return control.asSlice(CMSGHDR_BYTES, (long) count * Integer.BYTES).toArray(JAVA_INT);
  }

  private static int align(int bytes) {
    return (bytes + Long.BYTES - 1) & -Long.BYTES;
  }
}
