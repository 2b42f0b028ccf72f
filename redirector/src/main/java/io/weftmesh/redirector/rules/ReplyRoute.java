package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.linux.Errno;
import io.weftmesh.redirector.linux.LinuxException;
import io.weftmesh.redirector.linux.Netlink;
import io.weftmesh.redirector.linux.NetlinkRequest;
import io.weftmesh.redirector.linux.Sockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The one routing rule, and its table of one route, that bring the application's answers back to
 * the proxy: they are addressed to the client, and are delivered here. Called on a thread of the
 * namespace.
 */
final class ReplyRoute {
  /** Number of the rule and of its table: before the main table's, behind the local one's. */
  private static final int NUMBER = PodRules.REPLY_MARK;

  private static final Path IPV6_ADDRESSES = Path.of("/proc/thread-self/net/if_inet6");

  private static final int RTM_NEWROUTE = 24;
  private static final int RTM_DELROUTE = 25;
  private static final int RTM_NEWRULE = 32;
  private static final int RTM_DELRULE = 33;
  private static final int FR_ACT_TO_TBL = 1;
  private static final int FRA_PRIORITY = 6;
  private static final int FRA_FWMARK = 10;
  private static final int FRA_TABLE = 15;
  private static final int RTN_LOCAL = 2;
  private static final int RTPROT_BOOT = 3;
  private static final int RT_SCOPE_HOST = 254;
  private static final int RTA_OIF = 4;
  private static final int RTA_TABLE = 15;
  private static final int LOOPBACK = 1;
  private static final int ADD =
      NetlinkRequest.NLM_F_ACK | NetlinkRequest.NLM_F_CREATE | NetlinkRequest.NLM_F_EXCL;

  private ReplyRoute() {}

  /** Whether the kernel has the family at all, so that its tables must be written. */
  static boolean hasTables(Family family) {
    return family == Family.IPV4 || Files.exists(IPV6_ADDRESSES);
  }

  /** Makes rule and route if they are missing; true if anything was missing. */
  static boolean add(Family family) throws IOException {
    if (!isOn(family)) {
      return false;
    }
    try (Netlink netlink = new Netlink(Netlink.NETLINK_ROUTE)) {
      boolean noRule = changed(netlink, rule(RTM_NEWRULE, ADD, family), Errno.EEXIST);
      boolean noRoute = changed(netlink, route(RTM_NEWROUTE, ADD, family), Errno.EEXIST);
      return noRule || noRoute;
    } catch (LinuxException refused) {
      throw new IOException("cannot route answers: " + refused.getMessage(), refused);
    }
  }

  /** Removes rule and route. */
  static void remove(Family family) throws IOException {
    if (!hasTables(family)) {
      return;
    }
    int acknowledge = NetlinkRequest.NLM_F_ACK;
    try (Netlink netlink = new Netlink(Netlink.NETLINK_ROUTE)) {
      changed(netlink, rule(RTM_DELRULE, acknowledge, family), Errno.ENOENT);
      changed(netlink, route(RTM_DELROUTE, acknowledge, family), Errno.ESRCH);
    }
  }

  /** Whether the family is turned on in the namespace: if not, no route can be made. */
  private static boolean isOn(Family family) throws IOException {
    return family == Family.IPV4
        || (hasTables(family) && Files.readString(IPV6_ADDRESSES).contains(" lo\n"));
  }

  private static boolean changed(Netlink netlink, NetlinkRequest request, int alreadySo)
      throws LinuxException {
    try {
      netlink.change(request);
      return true;
    } catch (LinuxException refused) {
      if (refused.errno() == alreadySo) {
        return false;
      }
      throw refused;
    }
  }

  private static NetlinkRequest rule(int type, int flags, Family family) {
    return new NetlinkRequest(
            type, flags, number(family), 0, 0, 0, 0, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0)
        .attribute(FRA_PRIORITY, NUMBER)
        .attribute(FRA_FWMARK, PodRules.REPLY_MARK)
        .attribute(FRA_TABLE, NUMBER);
  }

  private static NetlinkRequest route(int type, int flags, Family family) {
    return new NetlinkRequest(
            type,
            flags,
            number(family),
            0,
            0,
            0,
            0,
            RTPROT_BOOT,
            RT_SCOPE_HOST,
            RTN_LOCAL,
            0,
            0,
            0,
            0)
        .attribute(RTA_TABLE, NUMBER)
        .attribute(RTA_OIF, LOOPBACK);
  }

  private static int number(Family family) {
    return family == Family.IPV4 ? Sockets.AF_INET : Sockets.AF_INET6;
  }
}
