package io.weftmesh.lab.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;

/** Greets a client by its address before it has said anything, then sends back what it gets. */
final class Banner implements Application.Service {
  private final String name;

  Banner(String name) {
    this.name = name;
  }

  @Override
  public void serve(Socket socket) throws IOException {
    OutputStream out = socket.getOutputStream();
    String peer = socket.getInetAddress().getHostAddress();
    out.write(("220 " + name + " greets " + peer + "\r\n").getBytes(US_ASCII));
    socket.getInputStream().transferTo(out);
  }
}
