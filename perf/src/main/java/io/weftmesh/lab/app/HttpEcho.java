package io.weftmesh.lab.app;

import static io.weftmesh.lab.host.Template.fill;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weftmesh.lab.client.HttpMessage;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Answers each request with what it saw of it, as JSON: the pod's name and version, the peer's
 * address, the request line, the headers in their order and case, and the length of the body.
 *
 * <p>The query says how: {@code status=503}, {@code delay=200} (milliseconds before the answer),
 * {@code size=100000} (so many bytes instead of JSON), {@code drip=20} (milliseconds between
 * kilobytes of the body), {@code close=1}.
 */
final class HttpEcho implements Application.Service {
  private static final int DRIP_BYTES = 1024;

  private final Options options;
  private final AtomicLong requests = new AtomicLong();

  HttpEcho(Options options) {
    this.options = options;
  }

  @Override
  public void serve(Socket socket) throws IOException {
    InputStream in = new BufferedInputStream(socket.getInputStream());
    OutputStream out = socket.getOutputStream();
    String peer =
        ((InetSocketAddress) socket.getRemoteSocketAddress()).getAddress().getHostAddress();
    while (true) {
      HttpMessage request = HttpMessage.read(in, HttpMessage.Body.OF_REQUEST);
      if (request == null) {
        return;
      }
      Query query = Query.of(request.startLine());
      pause(query.number("delay", 0));
      boolean keepAlive = request.keepsAlive() && query.number("close", 0) == 0;
      answer(out, query, status(query), keepAlive, body(query, peer, request));
      if (!keepAlive) {
        return;
      }
    }
  }

  private int status(Query query) {
    long number = requests.incrementAndGet();
    boolean fails = options.failEvery() > 0 && number % options.failEvery() == 0;
    return fails ? options.failStatus() : query.number("status", 200);
  }

  private byte[] body(Query query, String peer, HttpMessage request) {
    int size = query.number("size", -1);
    return size >= 0 ? "w".repeat(size).getBytes(UTF_8) : json(peer, request).getBytes(UTF_8);
  }

  private static void answer(
      OutputStream out, Query query, int status, boolean keepAlive, byte[] body)
      throws IOException {
    String head =
        fill(
            "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n",
            status,
            status < 400 ? "OK" : "Failed",
            body.length,
            keepAlive ? "" : "Connection: close\r\n");
    int drip = query.number("drip", 0);
    if (drip == 0) {
      byte[] headBytes = head.getBytes(UTF_8);
      byte[] all = new byte[headBytes.length + body.length];
      System.arraycopy(headBytes, 0, all, 0, headBytes.length);
      System.arraycopy(body, 0, all, headBytes.length, body.length);
      out.write(all);
      return;
    }
    out.write(head.getBytes(UTF_8));
    for (int sent = 0; sent < body.length; sent += DRIP_BYTES) {
      pause(drip);
      out.write(body, sent, Math.min(DRIP_BYTES, body.length - sent));
    }
  }

  private String json(String peer, HttpMessage request) {
    String headers =
        request.headers().stream()
            .map(header -> fill("[%s,%s]", quoted(header.name()), quoted(header.value())))
            .collect(Collectors.joining(","));
    return fill(
        """
        {"pod":%s,"version":%s,"peer":%s,"request":%s,"headers":[%s],"bodyBytes":%d}
        """,
        quoted(options.name()),
        quoted(options.version()),
        quoted(peer),
        quoted(request.startLine()),
        headers,
        request.body().length());
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(fill("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  private static void pause(int millis) {
    long end = System.nanoTime() + Duration.ofMillis(millis).toNanos();
    for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private record Query(Map<String, String> values) {
    static Query of(String requestLine) {
      String target = requestLine.split(" ", -1)[1];
      int question = target.indexOf('?');
      if (question < 0) {
        return new Query(Map.of());
      }
      return new Query(
          Map.copyOf(
              Arrays.stream(target.substring(question + 1).split("&"))
                  .map(pair -> pair.split("=", 2))
                  .filter(pair -> pair.length == 2)
                  .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (a, b) -> b))));
    }

    int number(String name, int otherwise) {
      String value = values.get(name);
      return value == null ? otherwise : Integer.parseInt(value);
    }
  }
}
