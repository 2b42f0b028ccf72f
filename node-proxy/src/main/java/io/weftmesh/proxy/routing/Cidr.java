package io.weftmesh.proxy.routing;

import java.net.InetAddress;

/** A range of addresses, as {@code 10.0.0.0/8}. */
public record Cidr(InetAddress base, int prefixLength) {

  public Cidr {
    int bits = base.getAddress().length * 8;
    if (prefixLength < 0 || prefixLength > bits) {
      throw new IllegalArgumentException(
          "prefix length "
              + prefixLength
              + " of "
              + base.getHostAddress()
              + ", expected 0 to "
              + bits);
    }
  }

  /**
   * Parses a range; an address without a prefix length is a range of one.
   *
   * @throws IllegalArgumentException if it is neither, with what was expected
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    try {
      InetAddress base = address(address);
      return new Cidr(
          base,
          slash < 0 ? base.getAddress().length * 8 : Integer.parseInt(text.substring(slash + 1)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no range of addresses, expected one like 10.0.0.0/8", e);
    }
  }

  /**
   * Parses one address. The JDK alone would take 10.0 for 10.0.0.0, as the BSDs did; nobody means
   * it.
   *
   * @throws IllegalArgumentException if the text is no address
   */
  public static InetAddress address(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(c -> c == '.').count() != 3) {
      throw new IllegalArgumentException("\"" + text + "\" is no IP address");
    }
    return InetAddress.ofLiteral(text);
  }

  @Override
  public String toString() {
    return base.getHostAddress() + "/" + prefixLength;
  }
}
