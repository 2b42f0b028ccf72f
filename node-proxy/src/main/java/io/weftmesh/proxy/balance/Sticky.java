package io.weftmesh.proxy.balance;

import java.net.InetAddress;
import java.time.Duration;

/** What ties a request to an endpoint, if anything does. */
public sealed interface Sticky {
  /** Any endpoint will do. */
  Sticky NONE = new None();

  /** Nothing. */
  record None() implements Sticky {}

  /**
   * A key; only the ring hash looks at it.
   *
   * @param point the key's place among all keys
   */
  record Hash(long point) implements Sticky {}

  /**
   * Kubernetes' {@code sessionAffinity: ClientIP}; wins over every way of choosing.
   *
   * @param timeout after the client's last request, when its tie ends
   */
  record Client(InetAddress address, Duration timeout) implements Sticky {}

  /** A key of text: the value of a header or a cookie. */
  static Sticky to(String key) {
    return new Hash(Hashes.of(key));
  }

  /** An address as a key. */
  static Sticky to(InetAddress address) {
    return new Hash(Hashes.of(address.getAddress()));
  }
}
