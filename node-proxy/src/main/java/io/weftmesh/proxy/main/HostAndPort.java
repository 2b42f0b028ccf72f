package io.weftmesh.proxy.main;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A host, which may be a name that is resolved at each connect, and a port.
 *
 * @param host a name or an address, without brackets; empty for every address of this machine
 */
public record HostAndPort(String host, int port) {
  /**
   * Parses {@code host:port}, {@code [IPv6]:port} or {@code :port}.
   *
   * @throws IllegalArgumentException when it is none of these; the message names the text
   */
  public static HostAndPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw malformed(text, null);
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw malformed(text, null);
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port < 0 || port > 65535) {
        throw malformed(text, null);
      }
      return new HostAndPort(host, port);
    } catch (NumberFormatException failure) {
      throw malformed(text, failure);
    }
  }

  /**
   * As an address to listen on.
   *
   * @throws IllegalArgumentException when the host is a name
   */
  public InetSocketAddress toListenAddress() {
    return host.isEmpty()
        ? new InetSocketAddress(port)
        : new InetSocketAddress(InetAddress.ofLiteral(host), port);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }

  private static IllegalArgumentException malformed(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "'" + text + "' is not an address: expected host:port, [IPv6]:port or :port", cause);
  }
}
