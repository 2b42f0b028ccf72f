package io.weftmesh.redirector.testnet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * An application: tells each client in one line which address it sees as its peer's, then sends
 * back every byte.
 */
public final class EchoServer implements AutoCloseable {
  private final ServerSocketChannel listener;

  public EchoServer(TestPod pod, int port) throws IOException {
    listener = pod.listen(port);
    Thread.ofVirtual().start(this::accept);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel socket = listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private static void serve(SocketChannel socket) {
    try (socket) {
      InetSocketAddress peer = (InetSocketAddress) socket.getRemoteAddress();
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      buffer.put((peer.getAddress().getHostAddress() + "\n").getBytes(StandardCharsets.US_ASCII));
      do {
        buffer.flip();
        while (buffer.hasRemaining()) {
          socket.write(buffer);
        }
        buffer.clear();
      } while (socket.read(buffer) >= 0);
    } catch (IOException reset) {
      // The client's affair.
    }
  }
}
