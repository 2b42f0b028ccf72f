package io.weftmesh.proxy.balance;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.IntStream;

/** Endpoints of tests. */
final class Endpoints {
  private Endpoints() {}

  /** The first so many. */
  static EndpointSet first(int count) {
    return range(0, count);
  }

  /** Those from a number up to another. */
  static EndpointSet range(int from, int to) {
    return EndpointSet.of(IntStream.range(from, to).mapToObj(Endpoints::endpoint).toList());
  }

  static EndpointSet of(Integer... numbers) {
    return EndpointSet.of(List.of(numbers).stream().map(Endpoints::endpoint).toList());
  }

  static Endpoint endpoint(int number) {
    return Endpoint.of(new InetSocketAddress(address(number), 8080));
  }

  static InetAddress address(int number) {
    try {
      return InetAddress.getByAddress(
          new byte[] {10, 0, (byte) (number >> 8), (byte) (number & 0xff)});
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }
}
