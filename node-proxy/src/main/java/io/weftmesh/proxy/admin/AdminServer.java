package io.weftmesh.proxy.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weftmesh.proxy.admin.explain.Explanations;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves {@code /metrics} and {@code /explain} on one address and {@code /healthz} and {@code
 * /readyz} on another.
 *
 * <p>Two addresses, because a cluster lets its monitoring reach the first and its kubelets the
 * second. Requests are answered by two threads of the server's own, so that a slow scrape neither
 * touches an event loop nor keeps a kubelet waiting.
 */
public final class AdminServer implements Closeable {
  private static final String TEXT = "text/plain; charset=utf-8";

  private final HttpServer metricsServer;
  private final HttpServer healthServer;
  private final ExecutorService metricsThread = thread("weft-metrics");
  private final ExecutorService healthThread = thread("weft-health");

  private AdminServer(HttpServer metricsServer, HttpServer healthServer) {
    this.metricsServer = metricsServer;
    this.healthServer = healthServer;
  }

  /**
   * Binds both addresses and serves.
   *
   * @throws IOException when an address can't be bound; the message names it
   */
  public static AdminServer start(
      InetSocketAddress metricsAddress,
      InetSocketAddress healthAddress,
      Metrics metrics,
      Explanations explanations,
      Readiness readiness)
      throws IOException {
    HttpServer metricsServer = bind("metrics", metricsAddress);
    HttpServer healthServer;
    try {
      healthServer = bind("health", healthAddress);
    } catch (IOException failure) {
      metricsServer.stop(0);
      throw failure;
    }
    var server = new AdminServer(metricsServer, healthServer);
    metricsServer.setExecutor(server.metricsThread);
    metricsServer.createContext("/", exchange -> serveMetrics(exchange, metrics));
    metricsServer.createContext(
        ExplainEndpoint.PATH, exchange -> serveExplanation(exchange, explanations));
    healthServer.setExecutor(server.healthThread);
    healthServer.createContext("/", exchange -> serveHealth(exchange, readiness));
    metricsServer.start();
    healthServer.start();
    return server;
  }

  /** The port that {@code /metrics} is served on. */
  public int metricsPort() {
    return metricsServer.getAddress().getPort();
  }

  /** The port that {@code /healthz} and {@code /readyz} are served on. */
  public int healthPort() {
    return healthServer.getAddress().getPort();
  }

  @Override
  public void close() {
    metricsServer.stop(0);
    healthServer.stop(0);
    metricsThread.shutdownNow();
    healthThread.shutdownNow();
  }

  private static void serveMetrics(HttpExchange exchange, Metrics metrics) throws IOException {
    try (exchange) {
      if (!refused(exchange, List.of("/metrics", ExplainEndpoint.PATH))) {
        exchange
            .getResponseHeaders()
            .set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        // A length of zero stands for chunks: the text is written as it is made.
        exchange.sendResponseHeaders(200, isHead(exchange) ? -1 : 0);
        if (!isHead(exchange)) {
          try (Writer out =
              new BufferedWriter(new OutputStreamWriter(exchange.getResponseBody(), UTF_8))) {
            metrics.writeText(out);
          }
        }
      }
    }
  }

  private static void serveExplanation(HttpExchange exchange, Explanations explanations)
      throws IOException {
    try (exchange) {
      if (!refused(exchange, List.of("/metrics", ExplainEndpoint.PATH))) {
        ExplainEndpoint.Answer answer =
            ExplainEndpoint.answer(explanations, exchange.getRequestURI().getRawQuery());
        answer(exchange, answer.status(), answer.type(), answer.text());
      }
    }
  }

  private static void serveHealth(HttpExchange exchange, Readiness readiness) throws IOException {
    try (exchange) {
      if (refused(exchange, List.of("/healthz", "/readyz"))) {
        return;
      }
      if (exchange.getRequestURI().getPath().equals("/healthz")) {
        // That a thread of the process answers is all that a restart could put right.
        answer(exchange, 200, "ok\n");
        return;
      }
      List<String> notReady = readiness.notReady();
      if (notReady.isEmpty()) {
        answer(exchange, 200, "ready\n");
      } else {
        answer(exchange, 503, String.join("\n", notReady) + "\n");
      }
    }
  }

  private static boolean refused(HttpExchange exchange, List<String> paths) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (!paths.contains(path)) {
      answer(exchange, 404, "no " + path + " here, only " + String.join(", ", paths) + "\n");
      return true;
    }
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      answer(exchange, 405, "method " + method + ", but GET or HEAD is expected\n");
      return true;
    }
    return false;
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    answer(exchange, status, TEXT, text);
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, isHead(exchange) ? -1 : body.length);
    if (!isHead(exchange)) {
      exchange.getResponseBody().write(body);
    }
  }

  private static boolean isHead(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("HEAD");
  }

  private static HttpServer bind(String name, InetSocketAddress address) throws IOException {
    try {
      return HttpServer.create(address, 0);
    } catch (IOException failure) {
      throw new IOException(
          "can't listen on "
              + address
              + " for "
              + name
              + ": "
              + failure.getMessage()
              + "; expected a local address and a free port",
          failure);
    }
  }

  private static ExecutorService thread(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().name(name).daemon(true).factory());
  }
}
