package io.weftmesh.redirector.testnet;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** One connection to an {@link EchoServer}. */
public final class EchoClient implements AutoCloseable {
  private final SocketChannel socket;
  private final String seenAs;

  /** Connects and waits for the server's line. */
  public EchoClient(TestPod pod, InetAddress address, int port) throws IOException {
    socket = pod.connect(address, port);
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (true) {
      if (socket.read(one) < 0) {
        throw new IOException("closed by the server after '" + line + "'");
      }
      char c = (char) one.flip().get();
      one.clear();
      if (c == '\n') {
        break;
      }
      line.append(c);
    }
    seenAs = line.toString();
  }

  /** The address that the server sees. */
  public String seenAs() {
    return seenAs;
  }

  /** Sends a text and waits until it is back. */
  public String echo(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      socket.write(out);
    }
    ByteBuffer in = ByteBuffer.allocate(bytes.length);
    while (in.hasRemaining()) {
      if (socket.read(in) < 0) {
        throw new IOException("closed by the server");
      }
    }
    return new String(in.array(), StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
