package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Packets;
import io.weftmesh.redirector.linux.Sockets;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The number that the kernel raises with every change of a namespace's nf_tables, read over netlink
 * in a few microseconds: while it stays, nobody has changed a rule, and none need be read.
 */
final class NftGeneration {
  /** The kernel has no nf_tables, or does not say. */
  static final long UNKNOWN = -1;

  /** Nothing was ever written in the namespace. */
  static final long UNTOUCHED = 1;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int NETLINK_NETFILTER = 12;
  private static final short NLM_F_REQUEST = 1;
  private static final int SUBSYSTEM = 10 << 8;
  private static final int NFT_MSG_NEWGEN = 15;
  private static final int NFT_MSG_GETGEN = 16;
  private static final int NFTA_GEN_ID = 1;
  private static final int HEADER_BYTES = 16;
  private static final int FAMILY_HEADER_BYTES = 4;
  private static final int ATTRIBUTE_HEADER_BYTES = 4;
  private static final int MAX_ANSWER_BYTES = 4096;

  private NftGeneration() {}

  /** The number of this thread's namespace. */
  static long read() throws LinuxException {
    int number;
    try {
      number = Sockets.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    } catch (LinuxException notCompiledIn) {
      return UNKNOWN;
    }
    try (Descriptor socket = new Descriptor(number)) {
      Packets.send(socket.number(), request());
      return parse(Packets.receive(socket.number(), MAX_ANSWER_BYTES).bytes());
    }
  }

  private static byte[] request() {
    return ByteBuffer.allocate(HEADER_BYTES + FAMILY_HEADER_BYTES)
        .order(ByteOrder.nativeOrder())
        .putInt(HEADER_BYTES + FAMILY_HEADER_BYTES)
        .putShort((short) (SUBSYSTEM | NFT_MSG_GETGEN))
        .putShort(NLM_F_REQUEST)
        .array();
  }

  /** The number in an answer; an error, as of a kernel without nf_tables, has none. */
  static long parse(byte[] answer) {
    ByteBuffer in = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
    if (answer.length < HEADER_BYTES + FAMILY_HEADER_BYTES
        || in.getShort(4) != (short) (SUBSYSTEM | NFT_MSG_NEWGEN)) {
      return UNKNOWN;
    }
    int at = HEADER_BYTES + FAMILY_HEADER_BYTES;
    while (at + ATTRIBUTE_HEADER_BYTES + Integer.BYTES <= answer.length) {
      int length = Short.toUnsignedInt(in.getShort(at));
      if (in.getShort(at + 2) == NFTA_GEN_ID) {
        int id = in.order(ByteOrder.BIG_ENDIAN).getInt(at + ATTRIBUTE_HEADER_BYTES);
        return Integer.toUnsignedLong(id);
      }
      if (length < ATTRIBUTE_HEADER_BYTES) {
        return UNKNOWN;
      }
      at += (length + 3) & -4;
    }
    return UNKNOWN;
  }
}
