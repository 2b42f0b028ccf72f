package io.weftmesh.lab.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;

/** Greets before the client has said anything, then sends back what it gets. */
final class Banner implements Application.Service {
  private final byte[] greeting;

  Banner(String name) {
    greeting = ("220 " + name + " ready\r\n").getBytes(US_ASCII);
  }

  @Override
  public void serve(Socket socket) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(greeting);
    socket.getInputStream().transferTo(out);
  }
}
