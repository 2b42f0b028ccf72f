package io.weftmesh.lab.system;

import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/**
 * A port of the test's own network that leads to one in the lab, for libraries that open their
 * sockets themselves.
 */
final class Forward implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final NetworkNamespace from;
  private final String address;
  private final int port;
  private final ServerSocket listener = new ServerSocket();

  private Forward(NetworkNamespace from, String address, int port) throws IOException {
    this.from = from;
    this.address = address;
    this.port = port;
  }

  /** Each connection to the port goes on from {@code from} to that address. */
  static Forward to(NetworkNamespace from, String address, int port) throws IOException {
    Forward forward = new Forward(from, address, port);
    forward.listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.startVirtualThread(forward::accept);
    return forward;
  }

  /** On the loopback interface. */
  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket near = listener.accept();
        Socket far = PodSocket.connect(from, address, port, TIMEOUT);
        Thread.startVirtualThread(() -> copy(near, far));
        Thread.startVirtualThread(() -> copy(far, near));
      }
    } catch (IOException e) {
      // Closed, or the other side is away: whoever is connected finds out.
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.setSoTimeout(0);
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // Both are closed now, which is all that there is to say.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
