package io.weftmesh.proxy.routing;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * The family of an address. It stays the same from client to endpoint, since the endpoint is to see
 * the client's own address.
 */
public enum IpFamily {
  IPV4,
  IPV6;

  public static IpFamily of(InetAddress address) {
    return address instanceof Inet4Address ? IPV4 : IPV6;
  }
}
