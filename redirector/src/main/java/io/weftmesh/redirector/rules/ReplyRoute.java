package io.weftmesh.redirector.rules;

import io.weftmesh.redirector.lease.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The one routing rule, and its table of one route, that bring the application's answers back to
 * the proxy: they are addressed to the client, and are delivered here. Called on a thread of the
 * namespace.
 */
final class ReplyRoute {
  /** Number of the rule and of its table: before the main table's, behind the local one's. */
  private static final String NUMBER = Integer.toString(PodRules.REPLY_MARK);

  private static final String MARK = "0x" + Integer.toHexString(PodRules.REPLY_MARK);
  private static final Path IPV6_ADDRESSES = Path.of("/proc/thread-self/net/if_inet6");

  private ReplyRoute() {}

  /** Whether the kernel has the family at all, so that its tables must be written. */
  static boolean hasTables(Family family) {
    return family == Family.IPV4 || Files.exists(IPV6_ADDRESSES);
  }

  /** Whether the family is turned on in the namespace: if not, no route can be made. */
  private static boolean isOn(Family family) throws IOException {
    return family == Family.IPV4
        || (Files.exists(IPV6_ADDRESSES) && Files.readString(IPV6_ADDRESSES).contains(" lo\n"));
  }

  /** Makes rule and route if they are missing; true if anything was missing. */
  static boolean add(Family family) throws IOException {
    if (!isOn(family)) {
      return false;
    }
    List<String> changes = new ArrayList<>();
    if (!hasRule(family)) {
      changes.add("rule add pref " + NUMBER + " fwmark " + MARK + " lookup " + NUMBER);
    }
    if (!hasRoute(family)) {
      changes.add("route replace local default dev lo table " + NUMBER);
    }
    change(family, changes);
    return !changes.isEmpty();
  }

  /** Removes rule and route. */
  static void remove(Family family) throws IOException {
    if (!isOn(family)) {
      return;
    }
    List<String> changes = new ArrayList<>();
    if (hasRule(family)) {
      changes.add("rule del pref " + NUMBER + " fwmark " + MARK + " lookup " + NUMBER);
    }
    if (hasRoute(family)) {
      changes.add("route del local default dev lo table " + NUMBER);
    }
    change(family, changes);
  }

  private static boolean hasRule(Family family) throws IOException {
    return Command.output(List.of("ip", flag(family), "rule", "show", "pref", NUMBER), "")
        .contains("fwmark " + MARK + " lookup " + NUMBER);
  }

  /** Asking for a table that never was is an error to {@code ip}. */
  private static boolean hasRoute(Family family) throws IOException {
    return Command.run(List.of("ip", flag(family), "route", "show", "table", NUMBER), "")
        .output()
        .contains("local default dev lo");
  }

  private static void change(Family family, List<String> changes) throws IOException {
    if (!changes.isEmpty()) {
      Command.output(List.of("ip", flag(family), "-batch", "-"), String.join("\n", changes) + '\n');
    }
  }

  private static String flag(Family family) {
    return family == Family.IPV4 ? "-4" : "-6";
  }
}
