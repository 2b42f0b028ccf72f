package io.weftmesh.policy.model;

import java.util.Comparator;
import java.util.Locale;

/**
 * A hostname of a route, held against what {@code Host}, {@code :authority} or a TLS server name
 * says. A first label {@code *} stands for one or more labels (Gateway API, {@code Hostname}).
 *
 * @param name in lower case; empty is every host
 */
public record HostMatch(String name) {
  /** Every host, and none. */
  public static final HostMatch ANY = new HostMatch("");

  /** The more particular first: all of a name, then the longer one, then no name at all. */
  static final Comparator<HostMatch> PRECEDENCE =
      Comparator.comparing((HostMatch host) -> host.name.isEmpty() || host.isWildcard())
          .thenComparingInt(host -> -host.name.length());

  public HostMatch {
    name = name.toLowerCase(Locale.ROOT);
  }

  /**
   * Whether a host is meant.
   *
   * @param authority perhaps with a port, in any case
   */
  public boolean matches(String authority) {
    if (name.isEmpty()) {
      return true;
    }
    int end = portStart(authority);
    if (!isWildcard()) {
      return end == name.length() && authority.regionMatches(true, 0, name, 0, end);
    }
    int suffix = name.length() - 1;
    return end > suffix && authority.regionMatches(true, end - suffix, name, 1, suffix);
  }

  boolean isAny() {
    return name.isEmpty();
  }

  private boolean isWildcard() {
    return name.startsWith("*.");
  }

  private static int portStart(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon < 0 || authority.endsWith("]") ? authority.length() : colon;
  }

  @Override
  public String toString() {
    return name.isEmpty() ? "any host" : "host " + name;
  }
}
