package io.weftmesh.ca.server.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.Closeable;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Serves {@code /metrics}, {@code /healthz} and {@code /readyz}, on a thread of its own. */
public final class AdminServer implements Closeable {
  private final HttpServer server;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("admin").daemon().factory());

  private AdminServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Binds the address and serves.
   *
   * @param notReady what the ca is not ready for now, each in a line; empty if it is ready
   * @throws IOException if the address cannot be bound
   */
  public static AdminServer start(
      InetSocketAddress address, CollectorRegistry registry, Supplier<List<String>> notReady)
      throws IOException {
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException("can't listen on " + address + ": " + e.getMessage(), e);
    }
    AdminServer admin = new AdminServer(server);
    server.setExecutor(admin.thread);
    server.createContext("/", exchange -> serve(exchange, registry, notReady));
    server.start();
    return admin;
  }

  private static void serve(
      HttpExchange exchange, CollectorRegistry registry, Supplier<List<String>> notReady)
      throws IOException {
    try (exchange) {
      if (!exchange.getRequestMethod().equals("GET")) {
        answer(exchange, 405, "text/plain", "only GET\n");
        return;
      }
      switch (exchange.getRequestURI().getPath()) {
        case "/healthz" -> answer(exchange, 200, "text/plain", "ok\n");
        case "/readyz" -> {
          List<String> reasons = notReady.get();
          String text = reasons.isEmpty() ? "ready" : String.join("\n", reasons);
          answer(exchange, reasons.isEmpty() ? 200 : 503, "text/plain", text + "\n");
        }
        case "/metrics" -> {
          StringWriter text = new StringWriter();
          TextFormat.write004(text, registry.metricFamilySamples());
          answer(exchange, 200, TextFormat.CONTENT_TYPE_004, text.toString());
        }
        default -> answer(exchange, 404, "text/plain", "here are /metrics, /healthz and /readyz\n");
      }
    }
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** The port that is bound. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    thread.shutdownNow();
  }
}
