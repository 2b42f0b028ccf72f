package io.weftmesh.lab.client;

import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** Opens TCP connections out of a namespace. */
public final class PodSocket {
  private PodSocket() {}

  /**
   * Connects.
   *
   * @param address a literal
   * @param timeout of connecting, and of each wait for bytes later
   */
  public static Socket connect(NetworkNamespace from, String address, int port, Duration timeout)
      throws IOException {
    SocketChannel channel = from.openSocket();
    try {
      Socket socket = channel.socket();
      socket.setTcpNoDelay(true);
      socket.connect(
          new InetSocketAddress(InetAddress.ofLiteral(address), port), (int) timeout.toMillis());
      socket.setSoTimeout((int) timeout.toMillis());
      return socket;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }
}
