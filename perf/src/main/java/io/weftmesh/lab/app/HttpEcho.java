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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * Answers each request with what it saw of it, as JSON: the pod's name and version, the peer's
 * address, the request line, the headers in their order and case, the length of the body, and how
 * many requests with this path the pod has seen, this one included.
 *
 * <p>The query says how: {@code status=503}, {@code delay=200} (milliseconds before the answer),
 * {@code size=100000} (so many bytes instead of JSON), {@code drip=20} (milliseconds between
 * kilobytes of the body), {@code close=1}. A request for another protocol gets it: frames of a
 * WebSocket come back, and bytes of any other.
 *
 * <p>A request for {@value #TURN} turns the pod: what its query says is done with every later
 * request, whatever that one asks for. Without a query each has its own way again.
 */
final class HttpEcho implements Application.Service {
  private static final String TURN = "/turn";
  private static final int DRIP_BYTES = 1024;

  private final Options options;
  private final AtomicLong requests = new AtomicLong();
  private final Map<String, AtomicLong> requestsByPath = new ConcurrentHashMap<>();
  private volatile Query turned = Query.NONE;

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
      String[] target = request.startLine().split(" ", -1)[1].split("\\?", 2);
      Query query = query(target[0], target.length < 2 ? "" : target[1]);
      long seen = seen(target[0]);
      String upgrade = request.header("Upgrade").orElse("");
      if (!upgrade.isEmpty()) {
        upgrade(upgrade, request, in, out);
        return;
      }
      query.pause();
      boolean keepAlive =
          request.keepsAlive() && query.number("close", 0) == 0 && !Application.isDraining();
      answer(out, query, status(query), keepAlive, body(query, peer, seen, request));
      if (!keepAlive) {
        return;
      }
    }
  }

  /** How this request is to be answered. */
  private Query query(String path, String text) {
    if (path.equals(TURN)) {
      turned = Query.parse(text);
      return Query.NONE;
    }
    return turned.equals(Query.NONE) ? Query.parse(text) : turned;
  }

  private long seen(String path) {
    return requestsByPath.computeIfAbsent(path, unseen -> new AtomicLong()).incrementAndGet();
  }

  private static void upgrade(
      String protocol, HttpMessage request, InputStream in, OutputStream out) throws IOException {
    boolean webSocket = protocol.equalsIgnoreCase("websocket");
    String key = request.header("Sec-WebSocket-Key").orElse("");
    String head =
        fill(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n%s\r\n",
            protocol,
            webSocket ? fill("Sec-WebSocket-Accept: %s\r\n", WebSocketEcho.accept(key)) : "");
    out.write(head.getBytes(UTF_8));
    if (webSocket) {
      WebSocketEcho.serve(in, out);
    } else {
      in.transferTo(out);
    }
  }

  private int status(Query query) {
    long number = requests.incrementAndGet();
    boolean fails = options.failEvery() > 0 && number % options.failEvery() == 0;
    return fails ? options.failStatus() : query.number("status", 200);
  }

  private byte[] body(Query query, String peer, long seen, HttpMessage request) {
    int size = query.number("size", -1);
    return size >= 0 ? "w".repeat(size).getBytes(UTF_8) : json(peer, seen, request).getBytes(UTF_8);
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
      Query.pause(drip);
      out.write(body, sent, Math.min(DRIP_BYTES, body.length - sent));
    }
  }

  private String json(String peer, long seen, HttpMessage request) {
    String headers =
        request.headers().stream()
            .map(header -> fill("[%s,%s]", Json.quoted(header.name()), Json.quoted(header.value())))
            .collect(Collectors.joining(","));
    return fill(
        """
        {"pod":%s,"version":%s,"peer":%s,"request":%s,"headers":[%s],"bodyBytes":%d,"seen":%d}
        """,
        Json.quoted(options.name()),
        Json.quoted(options.version()),
        Json.quoted(peer),
        Json.quoted(request.startLine()),
        headers,
        request.body().length(),
        seen);
  }
}
