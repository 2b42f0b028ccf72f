package io.weftmesh.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.proxy.admin.explain.Explanations;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {
  private static final Explanations EXPLANATIONS =
      new Explanations(
          () -> Snapshot.EMPTY,
          "cluster.local",
          endpoint -> "unknown",
          PodLabels.NONE,
          (backend, endpoints) -> List.of());

  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final Metrics metrics = new Metrics();
  private final Readiness readiness = new Readiness();
  private final List<String> missing = new ArrayList<>();
  private final HttpClient client = HttpClient.newHttpClient();
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    readiness.add("redirector", () -> List.copyOf(missing));
    server = AdminServer.start(ANY_PORT, ANY_PORT, metrics, EXPLANATIONS, readiness);
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
  }

  @Test
  void servesTheMetricsAsText() throws Exception {
    metrics.counters("weft_calls_total", "Calls.", "kind").with("good").add(2);

    HttpResponse<String> answer = send("GET", server.metricsPort(), "/metrics");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type").orElseThrow())
        .isEqualTo("text/plain; version=0.0.4; charset=utf-8");
    assertThat(answer.body()).contains("weft_calls_total{kind=\"good\",} 2.0");
  }

  @Test
  void isReadyWhenNothingIsMissing() throws Exception {
    HttpResponse<String> answer = send("GET", server.healthPort(), "/readyz");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("ready\n");
  }

  @Test
  void namesWhatIsNotReadyAndIsAliveAllTheSame() throws Exception {
    missing.add("no connection to /run/weft/redirector.sock");
    missing.add("pod shop/cart is not captured: port 15001 is taken");

    HttpResponse<String> ready = send("GET", server.healthPort(), "/readyz");

    assertThat(ready.statusCode()).isEqualTo(503);
    assertThat(ready.body())
        .isEqualTo(
            """
            redirector: no connection to /run/weft/redirector.sock
            redirector: pod shop/cart is not captured: port 15001 is taken
            """);
    assertThat(send("GET", server.healthPort(), "/healthz").statusCode()).isEqualTo(200);
  }

  @Test
  void refusesOtherPathsAndMethodsAndSaysWhatItTakes() throws Exception {
    HttpResponse<String> path = send("GET", server.metricsPort(), "/metrics/x");
    assertThat(path.statusCode()).isEqualTo(404);
    assertThat(path.body()).contains("/metrics/x").contains("only /metrics");

    HttpResponse<String> method = send("POST", server.healthPort(), "/readyz");
    assertThat(method.statusCode()).isEqualTo(405);
    assertThat(method.headers().firstValue("allow")).hasValue("GET, HEAD");
  }

  @Test
  void answersHeadWithoutABody() throws Exception {
    assertThat(send("HEAD", server.metricsPort(), "/metrics").body()).isEmpty();
    assertThat(send("HEAD", server.healthPort(), "/readyz").statusCode()).isEqualTo(200);
  }

  @Test
  void saysWhichAddressItCouldNotBind() {
    var taken = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.healthPort());

    assertThatThrownBy(() -> AdminServer.start(ANY_PORT, taken, metrics, EXPLANATIONS, readiness))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(taken.toString())
        .hasMessageContaining("health");
  }

  private HttpResponse<String> send(String method, int port, String path) throws Exception {
    var uri = URI.create("http://localhost:" + port + path);
    var request =
        HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build();
    return client.send(request, BodyHandlers.ofString());
  }
}
