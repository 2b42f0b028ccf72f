package io.weftmesh.proxy.balance;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One place that serves a backend.
 *
 * @param address where it listens, resolved
 * @param podUid the pod behind it, or null if it is none (an address written by hand)
 * @param node the node it runs on, if known
 * @param zone the zone of that node, if known
 */
public record Endpoint(
    InetSocketAddress address,
    @Nullable String podUid,
    @Nullable String node,
    @Nullable String zone) {
  public Endpoint {
    if (address.isUnresolved()) {
      throw new IllegalArgumentException(
          "endpoint address " + address + " is a name, expected an IP address and a port");
    }
  }

  public static Endpoint of(InetSocketAddress address) {
    return new Endpoint(address, null, null, null);
  }
}
