package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Outcome;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The traffic of one Service is split between its own pods, by their labels. */
@MeshTest
class SubsetShiftIT {
  private static final int REQUESTS = 500;
  private static final int AT_ONCE = 20;
  private static final int PER_SECOND = 200;
  private static final double ONE_POINT = 0.01;
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration IN_FORCE = Duration.ofSeconds(1);
  private static final Duration FOR_EVER = Duration.ofHours(1);
  private static final String[] SERVERS = {"v1-a", "v1-b", "v2-a", "v2-b"};

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.service("in/shop", "shop"),
        inTurns());
    for (String server : SERVERS) {
      lab.apply(server(server));
      mesh.awaitCaptured(lab.pod("in/" + server));
    }
    mesh.awaitCaptured(lab.pod("in/client"));
  }

  @BeforeEach
  void everythingInOrder(Lab lab) {
    writeShift(lab, "{labels: {version: v1}, weight: 1}");
    Wait.until(() -> podsOf(burst(lab)).equals("v1-a v1-b"), "traffic to version 1");
  }

  @Test
  void requestsOnNewConnectionsAreSharedOutWithinAPoint(Lab lab, Mesh mesh) {
    shift(lab, 90, 10);

    LoadReport report = Load.runAtOnce(newConnections(lab).count(REQUESTS), AT_ONCE);

    assertThat(report.failures()).isEmpty();
    assertThat(shareOf("v2", report)).isCloseTo(0.1, within(ONE_POINT));
    assertThat(report.byPod()).containsOnlyKeys(SERVERS);
    assertThat(
            mesh.metrics("node-1")
                .sum(
                    "weft_requests_total",
                    "destination_service",
                    "in/shop:80",
                    "backend",
                    "in/shop:80[version=v2]"))
        .isGreaterThanOrEqualTo((0.1 - ONE_POINT) * REQUESTS);
  }

  @Test
  void connectionsThatAreNotHttpAreSharedOutToo(Lab lab) throws IOException {
    shift(lab, 90, 10);

    int v2 = 0;
    for (int i = 0; i < REQUESTS; i++) {
      v2 += banner(lab).contains(" v2-") ? 1 : 0;
    }

    assertThat((double) v2 / REQUESTS).isCloseTo(0.1, within(ONE_POINT));
  }

  @Test
  void testersGetTheNewVersionAndNobodyElse(Lab lab) throws IOException {
    lab.apply(
        shiftManifest(
            """
            match: {headers: [{name: x-tester, value: "yes"}]}
            backends: [{labels: {version: v2}, weight: 1}]
            """));
    Wait.until(() -> answer(lab, "x-tester: yes").startsWith("v2"), "testers at version 2");

    for (int i = 0; i < AT_ONCE; i++) {
      assertThat(answer(lab, "x-tester: yes")).startsWith("v2-");
      assertThat(answer(lab, "x-tester: no")).isNotEmpty();
    }
    assertThat(podsOf(burst(lab))).as("those of nobody in particular").contains("v1-a");
  }

  @Test
  void aPodThatIsRelabelledMovesWithinASecond(Lab lab, Mesh mesh) {
    try (Load load = Load.start(newConnections(lab, PER_SECOND))) {
      Wait.until(() -> load.report().byPod().containsKey("v1-b"), "traffic to the pod");

      relabel(lab, "in/v1-b", "v2");
      Duration away = load.elapsed();
      Wait.until(() -> load.elapsed().minus(away).toSeconds() >= 3, "traffic without the pod");
      relabel(lab, "in/v1-b", "v1");
      Duration back = load.elapsed();
      Wait.until(() -> load.elapsed().minus(back).toSeconds() >= 3, "traffic with the pod");

      LoadReport report = load.stop();
      assertThat(report.failures()).isEmpty();
      assertThat(report.between(away.plus(IN_FORCE), back).byPod()).containsOnlyKeys("v1-a");
      assertThat(report.between(back.plus(IN_FORCE), FOR_EVER).byPod())
          .containsOnlyKeys("v1-a", "v1-b");
    }
    assertThat(explain(lab, mesh).body())
        .contains("in/shop:80[version=v1]")
        .contains(lab.pod("in/v1-b").address() + ":8080");
  }

  @Test
  void theShareOfASubsetWithoutPodsIsAnsweredWith503AndExplained(Lab lab, Mesh mesh) {
    lab.apply(server("v9-a"));
    mesh.awaitCaptured(lab.pod("in/v9-a"));
    writeShift(lab, "{labels: {version: v1}, weight: 90}, {labels: {version: v9}, weight: 10}");
    Wait.until(() -> podsOf(burst(lab)).equals("v1-a v1-b v9-a"), "traffic to version 9");

    lab.delete(lab.pod("in/v9-a").manifest().key());
    Wait.until(() -> !burst(lab).failures().isEmpty(), "the end of version 9");
    LoadReport report = Load.runAtOnce(newConnections(lab).count(REQUESTS), AT_ONCE);

    assertThat((double) report.failures().size() / REQUESTS).isCloseTo(0.1, within(ONE_POINT));
    assertThat(report.failures())
        .extracting(Outcome::detail)
        .allMatch(detail ->
            detail.contains("503")
                && detail.contains("(no_endpoint)")
                && detail.contains("in/shop:80[version=v9]"));
    HttpMessage explained = explain(lab, mesh);
    Map<?, ?> gone = backend(explained, "in/shop:80[version=v9]");
    assertThat(gone.get("error")).isEqualTo("no_endpoint");
    assertThat(gone.get("percent")).isEqualTo(10.0);
    assertThat(backend(explained, "in/shop:80[version=v1]").get("endpoints"))
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .containsExactlyInAnyOrder(
            lab.pod("in/v1-a").address() + ":8080", lab.pod("in/v1-b").address() + ":8080");
    assertThat(explained.body()).contains(lab.pod("in/v2-a").address() + ":8080 has version=v2");
  }

  @Test
  void aShiftByALabelThatNobodyAskedForBeforeFailsNoRequest(Lab lab) {
    for (String server : SERVERS) {
      label(lab, "in/" + server, "track", server.endsWith("a") ? "stable" : "canary");
    }
    try (Load load = Load.start(newConnections(lab, PER_SECOND))) {
      Wait.until(() -> load.elapsed().toSeconds() >= 1, "traffic as before");
      writeShift(lab, "{labels: {track: canary}, weight: 1}");
      Duration begun = load.elapsed();
      Wait.until(() -> load.elapsed().minus(begun).toSeconds() >= 3, "traffic to the canary");
      Duration ended = load.elapsed();
      lab.delete(shiftManifest("").key());
      Wait.until(() -> load.elapsed().minus(ended).toSeconds() >= 3, "traffic to all");

      LoadReport report = load.stop();
      assertThat(report.failures()).isEmpty();
      assertThat(report.between(begun.plus(IN_FORCE), ended).byPod())
          .containsOnlyKeys("v1-b", "v2-b");
      assertThat(report.between(ended.plus(IN_FORCE), FOR_EVER).byPod()).containsOnlyKeys(SERVERS);
    }
  }

  @Test
  void withoutTheCaSubsetsStayAsTheyWereAndAfterwardsTheyFollow(Lab lab, Mesh mesh) {
    try (Load load = Load.start(newConnections(lab, PER_SECOND))) {
      mesh.ca().kill();
      relabel(lab, "in/v1-b", "v2");
      writeShift(lab, "{labels: {version: v2}, weight: 1}");
      Duration shifted = load.elapsed();
      Wait.until(() -> load.elapsed().minus(shifted).toSeconds() >= 3, "traffic without the ca");
      Duration back = load.elapsed();
      mesh.startCa();
      Wait.until(
          () -> podsOf(burst(lab)).equals("v1-b v2-a v2-b"), "the relabelled pod in version 2");

      LoadReport report = load.stop();
      assertThat(report.failures()).isEmpty();
      assertThat(report.between(shifted.plus(IN_FORCE), back).byPod())
          .containsOnlyKeys("v2-a", "v2-b");
    } finally {
      relabel(lab, "in/v1-b", "v1");
    }
  }

  @Test
  void aProxyThatWasKilledKnowsTheSubsetsBeforeItServes(Lab lab, Mesh mesh) {
    try (Load load = Load.start(newConnections(lab, PER_SECOND / 4))) {
      Wait.until(() -> load.elapsed().toSeconds() >= 1, "traffic as before");
      mesh.nodeProxy("node-1").kill();
      Duration killed = load.elapsed();
      mesh.startNodeProxy("node-1");
      mesh.awaitReady();
      Duration ready = load.elapsed();
      Wait.until(() -> load.elapsed().minus(ready).toSeconds() >= 2, "traffic afterwards");

      LoadReport report = load.stop().between(killed, FOR_EVER);
      assertThat(report.failures()).as("of %s", report).isEmpty();
      assertThat(report.byPod()).containsOnlyKeys("v1-a", "v1-b");
    }
  }

  /** Puts a split in force: returns when it is seen to be. */
  private static void shift(Lab lab, int v1, int v2) {
    writeShift(
        lab,
        "{labels: {version: v1}, weight: %d}, {labels: {version: v2}, weight: %d}"
            .formatted(v1, v2));
    Wait.until(() -> shareOf("v2", burst(lab)) > 0, "the split " + v1 + "/" + v2);
  }

  private static void writeShift(Lab lab, String backends) {
    lab.apply(shiftManifest("backends: [" + backends + "]\n"));
  }

  private static Manifest shiftManifest(String spec) {
    return Manifest.parse(
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficShift
        metadata:
          name: shop
          namespace: in
        spec:
          service: shop
        """
            + spec.indent(2));
  }

  /** The Service's own policy, so that every pod of a subset is seen to get its part. */
  private static Manifest inTurns() {
    return Manifest.parse(
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficPolicy
        metadata:
          name: in-turns
          namespace: in
        spec:
          targetRef:
            name: shop
          loadBalancing:
            algorithm: RoundRobin
        """);
  }

  /** A pod of the Service, whose version its name begins with. */
  private static Manifest server(String name) {
    return PodTemplate.named("in/" + name)
        .on(name.endsWith("a") ? "node-1" : "node-2")
        .label("app", "shop")
        .label("version", name.substring(0, 2))
        .serviceAccount("shop")
        .app(
            List.of(
                "--http=" + Pods.HTTP,
                "--echo=" + Pods.ECHO,
                "--banner=" + Pods.BANNER,
                "--transfer=" + Pods.TRANSFER))
        .build();
  }

  private static void relabel(Lab lab, String place, String version) {
    label(lab, place, "version", version);
  }

  private static void label(Lab lab, String place, String key, String value) {
    Pod pod = lab.pod(place);
    Map<String, Object> labels = new HashMap<>(pod.manifest().textMap("metadata", "labels"));
    labels.put(key, value);
    lab.apply(pod.manifest().with(labels, "metadata", "labels"));
  }

  private static LoadReport burst(Lab lab) {
    return Load.runAtOnce(newConnections(lab).count(50), AT_ONCE);
  }

  private static Load.Settings newConnections(Lab lab) {
    return newConnections(lab, 1_000);
  }

  private static Load.Settings newConnections(Lab lab, int perSecond) {
    return Load.Settings.newConnections(
        lab.pod("in/client").namespace(), lab.service("in/shop"), 80, perSecond);
  }

  private static double shareOf(String version, LoadReport report) {
    long answered =
        report.byPod().entrySet().stream()
            .filter(pod -> pod.getKey().startsWith(version))
            .mapToLong(Map.Entry::getValue)
            .sum();
    return (double) answered / report.outcomes().size();
  }

  private static String podsOf(LoadReport report) {
    return String.join(" ", report.byPod().keySet());
  }

  /** The pod that answers a request with this header. */
  private static String answer(Lab lab, String header) throws IOException {
    try (HttpConnection connection =
        HttpConnection.open(lab.pod("in/client").namespace(), lab.service("in/shop"), 80, LIMIT)) {
      HttpMessage answer =
          connection.exchange(
              "GET / HTTP/1.1\r\nHost: shop\r\n" + header + "\r\nConnection: close\r\n\r\n");
      return String.valueOf(RouteCheck.echo(answer).get("pod"));
    }
  }

  private static String banner(Lab lab) throws IOException {
    try (Socket socket =
        PodSocket.connect(
            lab.pod("in/client").namespace(), lab.service("in/shop"), Pods.BANNER, LIMIT)) {
      String banner =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      return banner == null ? "" : banner;
    }
  }

  private static HttpMessage explain(Lab lab, Mesh mesh) {
    HttpMessage explained =
        mesh.explain(lab.pod("in/client").node(), "format=json&from=in/client&to=http://shop.in/");
    assertThat(explained.status()).as(explained.body()).isEqualTo(200);
    return explained;
  }

  private static Map<?, ?> backend(HttpMessage explained, String name) {
    Map<?, ?> outcome = (Map<?, ?>) RouteCheck.echo(explained).get("outcome");
    Map<?, ?> forwarded = (Map<?, ?>) outcome.get("forwarded");
    return ((List<?>) forwarded.get("backends"))
        .stream()
            .map(backend -> (Map<?, ?>) backend)
            .filter(backend -> name.equals(backend.get("backend")))
            .findFirst()
            .orElseThrow();
  }
}
