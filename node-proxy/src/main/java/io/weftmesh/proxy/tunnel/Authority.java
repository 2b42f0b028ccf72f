package io.weftmesh.proxy.tunnel;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * The {@code :authority} of a CONNECT (RFC 9113, 8.5): an address, never a name, and a port.
 * Untrusted bytes: what isn't exactly that is refused.
 */
final class Authority {
  /** {@code [} 39 digits and colons {@code ]:} 5 digits, and what a mapped IPv4 address adds. */
  private static final int MAX_LENGTH = 54;

  private Authority() {}

  /** The address and port, or null when the text is not one of each. */
  static @Nullable InetSocketAddress parse(CharSequence text) {
    if (text.length() > MAX_LENGTH) {
      return null;
    }
    String authority = text.toString();
    int colon = authority.lastIndexOf(':');
    if (colon < 1) {
      return null;
    }
    int port = port(authority, colon + 1);
    byte[] address = address(authority.substring(0, colon));
    if (port < 1 || address == null) {
      return null;
    }
    try {
      return new InetSocketAddress(InetAddress.getByAddress(address), port);
    } catch (UnknownHostException impossible) {
      return null;
    }
  }

  /** As this side writes it. */
  static String format(InetSocketAddress address) {
    return NetUtil.toSocketAddressString(address);
  }

  private static byte @Nullable [] address(String host) {
    if (NetUtil.isValidIpV4Address(host)) {
      return isDecimal(host) ? NetUtil.createByteArrayFromIpAddressString(host) : null;
    }
    int last = host.length() - 1;
    if (host.charAt(0) != '[' || host.charAt(last) != ']') {
      return null;
    }
    String literal = host.substring(1, last);
    boolean plain =
        literal.indexOf('%') < 0
            && literal.indexOf('[') < 0
            && NetUtil.isValidIpV6Address(literal)
            && (literal.indexOf('.') < 0
                || isDecimal(literal.substring(literal.lastIndexOf(':') + 1)));
    return plain ? NetUtil.createByteArrayFromIpAddressString(literal) : null;
  }

  /** A zero in front makes an octet a number that some read as octal (RFC 3986, 7.4). */
  private static boolean isDecimal(String dotted) {
    for (int from = 0; from < dotted.length(); ) {
      int dot = dotted.indexOf('.', from);
      int to = dot < 0 ? dotted.length() : dot;
      if (to > from + 1 && dotted.charAt(from) == '0') {
        return false;
      }
      from = to + 1;
    }
    return true;
  }

  private static int port(String text, int from) {
    int length = text.length() - from;
    if (length < 1 || length > 5 || text.charAt(from) == '0') {
      return -1;
    }
    int port = 0;
    for (int i = from; i < text.length(); i++) {
      char digit = text.charAt(i);
      if (digit < '0' || digit > '9') {
        return -1;
      }
      port = port * 10 + (digit - '0');
    }
    return port <= 65535 ? port : -1;
  }
}
