package io.weftmesh.lab.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weftmesh.lab.client.Bulk;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Moves bulk both ways at once. The client's first line is the number of bytes that it wants; they
 * are {@link Bulk}, while what it sends up to the end of its side is digested. The answer's last 64
 * bytes, which come once both directions are through, are that digest in hexadecimal.
 */
final class Transfer implements Application.Service {
  private static final int LONGEST_LINE = 20;

  @Override
  public void serve(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    OutputStream out = socket.getOutputStream();
    long wanted = Long.parseLong(line(in));
    CompletableFuture<String> digest =
        CompletableFuture.supplyAsync(() -> digest(in), Thread::startVirtualThread);
    Bulk.write(out, wanted);
    try {
      out.write(digest.join().getBytes(US_ASCII));
    } catch (CompletionException e) {
      throw new IOException("the client's bytes broke off", e);
    }
    socket.shutdownOutput();
  }

  private static String digest(InputStream in) {
    try {
      return Bulk.digest(in, Long.MAX_VALUE).sha256();
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private static String line(InputStream in) throws IOException {
    byte[] line = new byte[LONGEST_LINE];
    for (int length = 0; length < LONGEST_LINE; length++) {
      int next = in.read();
      if (next == '\n') {
        return new String(line, 0, length, US_ASCII);
      }
      line[length] = (byte) next;
    }
    throw new IOException("expected a line with a number of bytes");
  }
}
