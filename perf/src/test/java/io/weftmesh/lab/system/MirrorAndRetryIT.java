package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are sent more than once: as the pods count them, each by the request's path. */
@MeshTest
class MirrorAndRetryIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final ObjectKey ROUTE = new ObjectKey("HTTPRoute", "mesh", "again");
  private static final int REQUESTS = 400;
  private static final int AT_ONCE = 10;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    ConformanceFixture.apply(lab, mesh);
    lab.apply(
        PodTemplate.named("mesh/flaky")
            .on("node-2")
            .label("version", "flaky")
            .serviceAccount("flaky")
            .app(List.of("--http=" + Pods.HTTP, "--fail-every=3"))
            .build(),
        ServiceTemplate.named("mesh/flaky")
            .selecting("version", "flaky")
            .port("http", 80, Pods.HTTP)
            .build());
    mesh.awaitCaptured(lab.pod("mesh/flaky"));
  }

  @AfterEach
  void deleteRoute(Lab lab) throws IOException {
    lab.delete(ROUTE);
    new InARow()
        .holds(() ->
            assertThat(send(lab, "GET /in-force HTTP/1.1\r\n\r\n").header("x-again")).isEmpty());
  }

  @Test
  void everyRequestIsMirroredWithItsBodyToEachMirrorAndAnsweredByTheBackend(Lab lab)
      throws IOException {
    apply(
        lab,
        """
        filters:
          - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 8080}}}
          - {type: RequestMirror, requestMirror: {backendRef: {name: flaky, port: 80}}}
          - {type: RequestMirror, requestMirror: {backendRef: {name: nonexistent, port: 80}}}
        backendRefs: [{name: echo-v1, port: 8080}]
        """);
    for (int i = 0; i < 20; i++) {
      HttpMessage answer =
          send(lab, "POST /copied HTTP/1.1\r\nContent-Length: 5\r\n\r\n" + "x".repeat(5));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(RouteCheck.echo(answer).get("pod")).isEqualTo("echo-v1");
      assertThat(RouteCheck.echo(answer).get("bodyBytes")).isEqualTo(5);
    }
    for (String pod : List.of("echo-v1", "echo-v2", "flaky")) {
      Counter counter = new Counter(lab.pod("mesh/" + pod), "/copied");
      Wait.until(() -> counter.requests() >= 20, "20 requests at " + pod);
      assertThat(counter.requests()).as(pod).isEqualTo(20);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"percent: 25", "fraction: {numerator: 1, denominator: 4}"})
  void aPartOfTheRequestsIsMirrored(String part, Lab lab) throws IOException {
    apply(
        lab,
        """
        filters:
          - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 8080}, %s}}
        backendRefs: [{name: echo-v1, port: 8080}]
        """
            .formatted(part));
    String path = "/" + part.substring(0, part.indexOf(':'));
    LoadReport report =
        Load.runAtOnce(
            Load.Settings.keptAlive(
                    lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), 80, 1)
                .count(REQUESTS)
                .target(path),
            AT_ONCE);
    assertThat(report.failures()).isEmpty();
    assertThat(report.byPod()).isEqualTo(Map.of("echo-v1", (long) REQUESTS));
    // Drawn by chance: five standard deviations of 400 draws at a quarter are 43.
    Counter counter = new Counter(lab.pod("mesh/echo-v2"), path);
    Wait.until(() -> counter.requests() >= 57, "a quarter of the requests at the mirror");
    assertThat(counter.requests()).isBetween(57, 143);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "2, 3", "5, 6"})
  void aFailingBackendIsTriedAsOftenAsAttemptsSay(int attempts, int tries, Lab lab)
      throws IOException {
    apply(
        lab,
        """
        retry: {codes: [503], attempts: %d, backoff: 10ms}
        backendRefs: [{name: echo-v1, port: 8080}]
        """
            .formatted(attempts));
    String path = "/attempts-" + attempts;
    HttpMessage answer = send(lab, "GET " + path + "?status=503 HTTP/1.1\r\n\r\n");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("x-weft-error")).isEmpty();
    Counter counter = new Counter(lab.pod("mesh/echo-v1"), path);
    assertThat(counter.requests()).isEqualTo(tries);
  }

  @Test
  void retriesHideABackendThatFailsEveryThirdTime(Lab lab) throws IOException {
    apply(
        lab,
        """
        retry: {codes: [503], attempts: 2, backoff: 10ms}
        backendRefs: [{name: flaky, port: 80}]
        """);
    for (int i = 0; i < 60; i++) {
      HttpMessage answer = send(lab, "GET /hidden HTTP/1.1\r\n\r\n");
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    }
    Counter counter = new Counter(lab.pod("mesh/flaky"), "/hidden");
    assertThat(counter.requests()).isBetween(85, 95);
  }

  /** Puts one rule in force; returns when it is. */
  private static void apply(Lab lab, String rule) throws IOException {
    lab.apply(
        Manifest.parse(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata:
              name: again
              namespace: mesh
            spec:
              parentRefs: [{kind: Service, group: "", name: echo, port: 80}]
              rules:
                - matches: [{path: {value: /in-force}}]
                  filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-again, value: "1"}]}}]
            %s\
            """
                .formatted(("-\n" + rule.indent(2)).indent(4))));
    new InARow()
        .holds(() ->
            assertThat(send(lab, "GET /in-force HTTP/1.1\r\n\r\n").header("x-again")).isPresent());
  }

  /** Sends a request from {@code echo-v1} to the Service {@code echo}. */
  private static HttpMessage send(Lab lab, String request) throws IOException {
    try (HttpConnection connection =
        HttpConnection.open(
            lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), 80, TIMEOUT)) {
      return connection.exchange(
          request.replaceFirst("\r\n", "\r\nHost: echo\r\nConnection: close\r\n"));
    }
  }

  /** Asks a pod by its own address, which no route has to do with. */
  private static final class Counter {
    private final Pod pod;
    private final String path;
    private int asked;

    Counter(Pod pod, String path) {
      this.pod = pod;
      this.path = path;
    }

    /** How many requests with this path came, those of this counter left out. */
    int requests() throws IOException {
      HttpMessage answer =
          HttpConnection.getOnce(pod.namespace(), pod.address(), Pods.HTTP, path, TIMEOUT);
      asked++;
      return (int) RouteCheck.echo(answer).get("seen") - asked;
    }
  }
}
