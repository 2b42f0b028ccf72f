package io.weftmesh.proxy.capture;

import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where a redirected connection was going, as connection tracking remembers it. The kernel answers
 * with a {@code sockaddr_in} or {@code sockaddr_in6}, whose port and address are in network order.
 */
final class OriginalDestination {
  private static final int SO_ORIGINAL_DST = 80;

  private static final Shape IPV4 = new Shape("SO_ORIGINAL_DST", 0, 16, 4, 4);
  private static final Shape IPV6 = new Shape("IP6T_SO_ORIGINAL_DST", 41, 28, 8, 16);

  private OriginalDestination() {}

  /**
   * The destination of an accepted connection; null when the kernel knows none, because the
   * connection was not redirected or is closed by now.
   */
  static @Nullable InetSocketAddress of(EpollSocketChannel accepted) {
    InetSocketAddress local = accepted.localAddress();
    if (local == null) {
      return null;
    }
    // A listener for both families accepts IPv4 too, and is asked for it in IPv4's way.
    Shape shape = local.getAddress() instanceof Inet6Address ? IPV6 : IPV4;
    try {
      return shape.read(accepted.config().getOption(shape.option));
    } catch (io.netty.channel.ChannelException unknown) {
      return null;
    }
  }

  private record Shape(RawUnixChannelOption option, int addressOffset, int addressLength) {
    Shape(String name, int level, int length, int addressOffset, int addressLength) {
      this(
          new RawUnixChannelOption(name, level, SO_ORIGINAL_DST, length),
          addressOffset,
          addressLength);
    }

    @Nullable InetSocketAddress read(@Nullable ByteBuffer socketAddress) {
      if (socketAddress == null) {
        return null;
      }
      int port = Short.toUnsignedInt(socketAddress.getShort(socketAddress.position() + 2));
      byte[] address = new byte[addressLength];
      socketAddress.get(socketAddress.position() + addressOffset, address);
      try {
        return new InetSocketAddress(InetAddress.getByAddress(address), port);
      } catch (UnknownHostException impossible) {
        throw new AssertionError("the length is an address's own", impossible);
      }
    }
  }
}
