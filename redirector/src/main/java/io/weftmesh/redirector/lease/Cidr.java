package io.weftmesh.redirector.lease;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * A block of addresses.
 *
 * @param network its first address; every bit behind the prefix is zero
 * @param prefixLength number of leading bits that its addresses share
 */
public record Cidr(InetAddress network, int prefixLength) {

  /** Checks the prefix and clears the bits behind it, as {@code 10.1.2.3/8} means 10.0.0.0/8. */
  public Cidr {
    byte[] bytes = network.getAddress();
    if (prefixLength < 0 || prefixLength > bytes.length * 8) {
      throw new IllegalArgumentException(
          "prefix length is "
              + prefixLength
              + ", expected 0 to "
              + bytes.length * 8
              + " for "
              + network.getHostAddress());
    }
    network = masked(bytes, prefixLength);
  }

  /**
   * Reads {@code 10.0.0.0/8}, {@code fd00::/64}, or a single address.
   *
   * @throws IllegalArgumentException with a message for the person who wrote the value
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    try {
      InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
      int prefixLength =
          slash < 0 ? address.getAddress().length * 8 : Integer.parseInt(text.substring(slash + 1));
      return new Cidr(address, prefixLength);
    } catch (IllegalArgumentException malformed) {
      throw new IllegalArgumentException(
          "'" + text + "' is no block of addresses, expected for example 10.0.0.0/8 or fd00::/64",
          malformed);
    }
  }

  /** The family of its addresses. */
  public Family family() {
    return Family.of(network);
  }

  @Override
  public String toString() {
    return network.getHostAddress() + '/' + prefixLength;
  }

  private static InetAddress masked(byte[] bytes, int prefixLength) {
    for (int i = 0; i < bytes.length; i++) {
      int kept = Math.clamp(prefixLength - i * 8L, 0, 8);
      bytes[i] &= (byte) (0xFF << (8 - kept));
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException impossible) {
      throw new AssertionError("the length is an address's own", impossible);
    }
  }
}
