package io.weftmesh.lab.app;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/** Reads and forgets, as RFC 863 has it: the end of bulk that costs the least. */
final class Discard implements Application.Service {
  private static final int CHUNK_BYTES = 256 * 1024;

  @Override
  public void serve(Socket socket) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    InputStream in = socket.getInputStream();
    while (in.read(chunk) >= 0) {
      // That was all to do with it.
    }
  }
}
