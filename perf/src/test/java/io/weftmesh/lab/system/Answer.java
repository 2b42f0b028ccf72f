package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.host.NetworkNamespace;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * What came of sending some bytes on a connection of their own.
 *
 * @param text what came back, one character per byte; empty for nothing
 * @param ended whether the other side ended it: refused, closed or reset
 */
record Answer(String text, boolean ended) {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);
  private static final char TLS_ALERT = 21;
  private static final int CHUNK_BYTES = 16 * 1024;

  /** Sends {@code bytes} and reads to the end. */
  static Answer to(byte[] bytes, NetworkNamespace from, String address, int port)
      throws IOException {
    StringBuilder text = new StringBuilder();
    try (Socket socket = PodSocket.connect(from, address, port, TIMEOUT)) {
      socket.getOutputStream().write(bytes);
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int read = socket.getInputStream().read(chunk);
          read >= 0;
          read = socket.getInputStream().read(chunk)) {
        text.append(new String(chunk, 0, read, ISO_8859_1));
      }
      return new Answer(text.toString(), true);
    } catch (SocketTimeoutException e) {
      return new Answer(text.toString(), false);
    } catch (ConnectException e) {
      return new Answer("", true);
    } catch (IOException e) {
      // Reset: while reading a SocketException, while writing this.
      return new Answer(text.toString(), true);
    }
  }

  /** No connection, a reset, an alert of TLS, or an error that the proxy explains. */
  boolean isRefusal() {
    return ended
        && (text.isEmpty() || text.charAt(0) == TLS_ALERT || text.contains("\r\nx-weft-error: "));
  }
}
