package io.weftmesh.redirector.lease;

import java.net.Inet4Address;
import java.net.InetAddress;

/** The two families of addresses. */
public enum Family {
  IPV4,
  IPV6;

  /** The family of an address. */
  public static Family of(InetAddress address) {
    return address instanceof Inet4Address ? IPV4 : IPV6;
  }
}
