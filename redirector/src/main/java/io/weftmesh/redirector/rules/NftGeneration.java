package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Netlink;
import io.weftmesh.redirector.linux.NetlinkMessage;
import io.weftmesh.redirector.linux.NetlinkRequest;
import java.nio.ByteBuffer;

/**
 * The number that the kernel raises with every change of a namespace's nf_tables, read over netlink
 * in a few microseconds: while it stays, nobody has changed a rule, and none need be read.
 */
final class NftGeneration {
  /** The kernel has no nf_tables, or does not say. */
  static final long UNKNOWN = -1;

  /** Nothing was ever written in the namespace. */
  static final long UNTOUCHED = 1;

  private static final int SUBSYSTEM = 10 << 8;
  private static final int NFT_MSG_NEWGEN = SUBSYSTEM | 15;
  private static final int NFT_MSG_GETGEN = SUBSYSTEM | 16;
  private static final int NFTA_GEN_ID = 1;
  private static final int NFGENMSG_BYTES = 4;

  private NftGeneration() {}

  /** The number of this thread's namespace. */
  static long read() {
    try (Netlink netlink = new Netlink(Netlink.NETLINK_NETFILTER)) {
      for (NetlinkMessage message :
          netlink.ask(new NetlinkRequest(NFT_MSG_GETGEN, 0, 0, 0, 0, 0))) {
        byte[] id = message.attribute(NFGENMSG_BYTES, NFTA_GEN_ID);
        if (message.type() == NFT_MSG_NEWGEN && id.length == Integer.BYTES) {
          return Integer.toUnsignedLong(ByteBuffer.wrap(id).getInt());
        }
      }
    } catch (LinuxException notInThisKernel) {
      // Read the rules then.
    }
    return UNKNOWN;
  }
}
