package io.weftmesh.lab.client;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weftmesh.lab.host.NetworkNamespace;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;

/** An HTTP/1.1 connection out of a pod. For use by one thread at a time, which may be virtual. */
public final class HttpConnection implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;
  private final String authority;

  private HttpConnection(Socket socket, String authority) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.authority = authority;
  }

  /**
   * Connects.
   *
   * @param address a literal
   * @param timeout of connecting, and of each wait for bytes later
   */
  public static HttpConnection open(
      NetworkNamespace from, String address, int port, Duration timeout) throws IOException {
    return new HttpConnection(
        PodSocket.connect(from, address, port, timeout),
        (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port);
  }

  /** One request on a connection of its own. */
  public static HttpMessage getOnce(
      NetworkNamespace from, String address, int port, String target, Duration timeout)
      throws IOException {
    try (HttpConnection connection = open(from, address, port, timeout)) {
      return connection.exchange(
          fill(
              "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
              target, connection.authority));
    }
  }

  /** A request without a body; the connection can be used again. */
  public HttpMessage get(String target) throws IOException {
    return exchange(fill("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, authority));
  }

  /** A request with a body; the connection can be used again. */
  public HttpMessage post(String target, String body) throws IOException {
    return exchange(
        fill(
            "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s",
            target, authority, body.length(), body));
  }

  /**
   * Sends {@code request} as it stands and reads one response.
   *
   * @throws EOFException when the connection ends before a whole response
   */
  public HttpMessage exchange(String request) throws IOException {
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
    HttpMessage.Body body =
        request.startsWith("HEAD ") ? HttpMessage.Body.NONE : HttpMessage.Body.OF_RESPONSE;
    HttpMessage response = HttpMessage.read(in, body);
    if (response == null) {
      throw new EOFException("closed before a response");
    }
    return response;
  }

  public Socket socket() {
    return socket;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
