package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Netlink;
import io.weftmesh.redirector.linux.NetlinkMessage;
import io.weftmesh.redirector.linux.NetlinkRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** The addresses of all interfaces of a namespace. */
public final class HostAddresses {
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_GETADDR = 22;
  private static final int IFADDRMSG_BYTES = 8;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;

  private HostAddresses() {}

  /** Reads them; called on a thread of the namespace. */
  public static List<InetAddress> read() throws IOException {
    try (Netlink netlink = new Netlink(Netlink.NETLINK_ROUTE)) {
      NetlinkRequest request =
          new NetlinkRequest(RTM_GETADDR, NetlinkRequest.NLM_F_DUMP, 0, 0, 0, 0, 0, 0, 0, 0);
      List<InetAddress> addresses = new ArrayList<>();
      for (NetlinkMessage message : netlink.dump(request)) {
        byte[] address = address(message);
        if (message.type() == RTM_NEWADDR && address.length > 0) {
          addresses.add(InetAddress.getByAddress(address));
        }
      }
      return addresses;
    } catch (LinuxException refused) {
      throw new IOException("cannot read addresses: " + refused.getMessage(), refused);
    }
  }

  /** Of a point-to-point link, the other one is the peer's. */
  private static byte[] address(NetlinkMessage message) {
    byte[] local = message.attribute(IFADDRMSG_BYTES, IFA_LOCAL);
    return local.length > 0 ? local : message.attribute(IFADDRMSG_BYTES, IFA_ADDRESS);
  }
}
