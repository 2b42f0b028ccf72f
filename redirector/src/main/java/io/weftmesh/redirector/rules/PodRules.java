package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.RedirectorClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The rules of a captured pod, for one family, as {@code iptables-save} prints them.
 *
 * <ul>
 *   <li><b>raw</b>: the proxy's connections, known by their mark, are tracked in a zone of their
 *       own in the original direction. A connection bound to the client's address may happen to use
 *       the client's port too; in one zone they would be the same connection.
 *   <li><b>mangle</b>: a connection of the proxy that arrives in the pod over loopback is noted;
 *       the application's answers to it, addressed to the client, get a mark, by which a routing
 *       rule brings them back to the proxy.
 *   <li><b>nat</b>: what the application opens and what others open to it is redirected, except the
 *       proxy's own connections, loopback, the tunnel's port and what is excluded. Only first
 *       packets: tracking takes the next packet of a connection that it has never seen for a new
 *       connection, and a redirect would cut it.
 * </ul>
 *
 * <p>While a pod drains, the redirecting rules alone are missing: the tables and chains stay, as
 * the kernel stops translating, and so hangs, what was redirected when the last user of address
 * translation goes.
 */
final class PodRules {
  /** Mark of the application's answers to connections of the proxy, and of these connections. */
  static final int REPLY_MARK = RedirectorClient.MARK + 1;

  /** In this order the tables are written; removed in the opposite one. Capture begins last. */
  static final List<String> TABLES = List.of("raw", "mangle", "nat");

  private static final String OUTPUT = Table.PREFIX + "OUTPUT";
  private static final String PREROUTING = Table.PREFIX + "PREROUTING";
  private static final String FROM_PROXY =
      "-m mark --mark 0x" + Integer.toHexString(RedirectorClient.MARK);
  private static final String REPLY = "0x" + Integer.toHexString(REPLY_MARK);
  private static final String FIRST_PACKET = "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN ";
  private static final String REDIRECT = "-j REDIRECT --to-ports ";

  private PodRules() {}

  /** The tables of a pod in a state; none of them in the state of an opened pod. */
  static List<Table> tables(Family family, Exclusions exclusions, CaptureState state) {
    return switch (state) {
      case OPENED -> List.of();
      case DRAINING -> List.of(raw(), mangle(), nat(family, exclusions, false));
      case ARMED -> List.of(raw(), mangle(), nat(family, exclusions, true));
    };
  }

  /** The state that the rules of an earlier process have left. */
  static CaptureState stateOf(SavedTables saved) {
    if (saved.isEmpty()) {
      return CaptureState.OPENED;
    }
    for (List<String> rules : saved.table("nat").chains().values()) {
      for (String rule : rules) {
        if (rule.contains(REDIRECT)) {
          return CaptureState.ARMED;
        }
      }
    }
    return CaptureState.DRAINING;
  }

  private static Table raw() {
    return new Table(
        "raw",
        Map.of(OUTPUT, List.of(FROM_PROXY + " -j CT --zone-orig " + RedirectorClient.MARK)),
        List.of("OUTPUT -p tcp -j " + OUTPUT));
  }

  private static Table mangle() {
    String notFromProxy = FROM_PROXY.replace("--mark", "! --mark");
    return new Table(
        "mangle",
        Map.of(
            PREROUTING,
            List.of(FROM_PROXY + " -j CONNMARK --set-xmark " + REPLY + "/0xffffffff"),
            OUTPUT,
            List.of(
                notFromProxy
                    + " -m connmark --mark "
                    + REPLY
                    + " -j MARK --set-xmark "
                    + REPLY
                    + "/0xffffffff")),
        List.of("PREROUTING -i lo -p tcp -j " + PREROUTING, "OUTPUT -p tcp -j " + OUTPUT));
  }

  private static Table nat(Family family, Exclusions exclusions, boolean redirects) {
    List<String> inbound = new ArrayList<>();
    inbound.add("-i lo -j RETURN");
    inbound.add(FROM_PROXY + " -j RETURN");
    inbound.add(toPort(Listeners.TUNNEL_PORT));
    for (int port : exclusions.inboundPorts()) {
      inbound.add(toPort(port));
    }
    List<String> outbound = new ArrayList<>();
    outbound.add(FROM_PROXY + " -j RETURN");
    outbound.add("-d " + (family == Family.IPV4 ? "127.0.0.0/8" : "::1/128") + " -j RETURN");
    for (int port : exclusions.outboundPorts()) {
      outbound.add(toPort(port));
    }
    for (Cidr block : exclusions.outboundBlocks()) {
      if (block.family() == family) {
        outbound.add(toBlock(block));
      }
    }
    if (redirects) {
      inbound.add(FIRST_PACKET + REDIRECT + Listeners.INBOUND_PORT);
      outbound.add(FIRST_PACKET + REDIRECT + Listeners.OUTBOUND_PORT);
    }
    return new Table(
        "nat",
        Map.of(PREROUTING, inbound, OUTPUT, outbound),
        List.of("PREROUTING -p tcp -j " + PREROUTING, "OUTPUT -p tcp -j " + OUTPUT));
  }

  private static String toPort(int port) {
    return "-p tcp -m tcp --dport " + port + " -j RETURN";
  }

  /** A block of all addresses is printed as no condition. */
  private static String toBlock(Cidr block) {
    return block.prefixLength() == 0
        ? "-j RETURN"
        : "-d " + AddressText.of(block.network()) + '/' + block.prefixLength() + " -j RETURN";
  }
}
