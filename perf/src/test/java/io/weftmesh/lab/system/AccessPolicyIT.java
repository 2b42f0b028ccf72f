package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who may call a pod, from its own node and from another, and that {@code /explain} foresees it:
 * in/web and in/other have identities, out/client has none.
 */
@MeshTest
class AccessPolicyIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final ObjectKey POLICY = new ObjectKey("AccessPolicy", "shop", "access");

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.meshed("shop"),
        Pods.client("in/web", "node-1"),
        Pods.client("in/other", "node-1"),
        Pods.client("out/client", "node-1"),
        Pods.server("shop/near", "node-1", "near"),
        Pods.server("shop/far", "node-2", "far"),
        Pods.service("shop/near", "near"),
        Pods.service("shop/far", "far"));
    mesh.awaitCaptured(
        lab.pod("in/web"), lab.pod("in/other"), lab.pod("shop/near"), lab.pod("shop/far"));
  }

  @AfterEach
  void takePolicyAway(Lab lab, Mesh mesh) {
    awaitInForce(mesh, () -> lab.delete(POLICY));
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void onlyTheAllowedIdentityReachesTheAllowedPort(String server, Lab lab, Mesh mesh) {
    apply(
        lab,
        mesh,
        """
        action: Allow
        rules:
          - from: [{namespace: in, serviceAccount: web}]
            ports: [8080]
        """);
    assertThat(get(lab, mesh, "in/other", server, "/")).isEqualTo("403 denied");

    assertThat(get(lab, mesh, "in/web", server, "/")).isEqualTo("200");
    assertThat(get(lab, mesh, "out/client", server, "/")).isEqualTo(Explained.RESET);
    assertThat(echoes(lab, mesh, "in/web", server)).isFalse();
    assertThat(echoes(lab, mesh, "in/other", server)).isFalse();
    assertThat(denied(mesh, server, "enforced", "in/other")).isPositive();
    assertThat(denied(mesh, server, "enforced", "")).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void onlyTheDeniedIdentityIsKeptOut(String server, Lab lab, Mesh mesh) {
    apply(
        lab,
        mesh,
        """
        action: Deny
        rules:
          - from: [{identity: spiffe://cluster.local/ns/in/sa/other}]
        """);
    assertThat(get(lab, mesh, "in/other", server, "/")).isEqualTo("403 denied");

    assertThat(get(lab, mesh, "in/web", server, "/")).isEqualTo("200");
    assertThat(get(lab, mesh, "out/client", server, "/")).isEqualTo("200");
    assertThat(echoes(lab, mesh, "in/web", server)).isTrue();
    assertThat(echoes(lab, mesh, "in/other", server)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void whatIsOpenIsCutWhenItIsDeniedAndOnlyThat(String server, Lab lab, Mesh mesh)
      throws IOException {
    try (Pulse web = pulse(lab, "in/web", server);
        Pulse other = pulse(lab, "in/other", server);
        Pulse outside = pulse(lab, "out/client", server)) {
      apply(
          lab,
          mesh,
          """
          action: Allow
          rules:
            - from: [{namespace: in, serviceAccount: web}]
          """);

      Wait.until(() -> other.failure().isPresent(), "in/other to be cut");
      Wait.until(() -> outside.failure().isPresent(), "out/client to be cut");
      long beats = web.beats();
      Wait.until(() -> web.beats() > beats + 5, "in/web to go on");
      assertThat(web.failure()).isEmpty();
      assertThat(
              mesh.metrics(node(server))
                  .sum(
                      "weft_access_denied_total",
                      "asked",
                      "open_connection",
                      "source_workload",
                      "in/other",
                      "destination_service",
                      "shop/" + server))
          .isPositive();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void dryRunCountsAndLetsPass(String server, Lab lab, Mesh mesh) throws IOException {
    double enforced = denied(mesh, server, "enforced", "in/other");
    try (Pulse other = pulse(lab, "in/other", server)) {
      apply(
          lab,
          mesh,
          """
          action: Allow
          dryRun: true
          rules:
            - from: [{namespace: in, serviceAccount: web}]
              http: [{methods: [GET]}]
          """);
      // To the pod's own address each connection is a new one, and not a pooled one from before.
      Wait.until(
          () -> {
            assertThat(getAtPod(lab, mesh, "in/other", server)).isEqualTo("200");
            return denied(mesh, server, "dry_run", "in/other", "request") > 0;
          },
          "requests to be counted");

      assertThat(getAtPod(lab, mesh, "in/web", server)).isEqualTo("200");
      assertThat(echoes(lab, mesh, "in/other", server)).isTrue();
      assertThat(denied(mesh, server, "dry_run", "in/web", "request")).isZero();
      assertThat(denied(mesh, server, "dry_run", "in/other", "open_connection")).isPositive();
      assertThat(denied(mesh, server, "enforced", "in/other")).isEqualTo(enforced);
      assertThat(other.failure()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void requestsAreAllowedByMethodAndPath(String server, Lab lab, Mesh mesh) throws IOException {
    apply(
        lab,
        mesh,
        """
        action: Allow
        rules:
          - http: [{methods: [GET], path: {prefix: /open}}]
        """);
    assertThat(get(lab, mesh, "in/web", server, "/")).isEqualTo("403 denied");

    for (String client : new String[] {"in/web", "out/client"}) {
      try (HttpConnection connection = http(lab, client, server)) {
        HttpMessage open = connection.get("/open/door?x=/../secret");
        assertThat(open.status()).isEqualTo(200);
        assertThat(open.body()).contains("\"peer\":\"" + lab.pod(client).address() + "\"");
        assertThat(outcome(connection.get("/secret"))).isEqualTo("403 denied");
        assertThat(outcome(connection.get("/open/../secret"))).isEqualTo("403 denied");
        assertThat(outcome(connection.exchange("DELETE /open HTTP/1.1\r\nHost: a\r\n\r\n")))
            .isEqualTo("403 denied");
        assertThat(outcome(connection.get("/open"))).isEqualTo("200");
      }
      for (String foreseen :
          new String[] {
            "GET /open/door?x=/../secret 200",
            "GET /secret 403 denied",
            "GET /open/../secret 403 denied",
            "DELETE /open 403 denied"
          }) {
        String[] parts = foreseen.split(" ", 3);
        assertThat(explained(lab, mesh, client, server, parts[0], parts[1])).isEqualTo(parts[2]);
      }
      // What is no HTTP might be anything.
      assertThat(echoes(lab, mesh, client, server)).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void requestsInProgressAreEndedWhenTheyAreDenied(String server, Lab lab, Mesh mesh)
      throws IOException {
    apply(lab, mesh, "action: Deny\nrules: [{http: [{path: {prefix: /never}}]}]\n");
    assertThat(get(lab, mesh, "in/web", server, "/never")).isEqualTo("403 denied");
    try (HttpConnection slow = http(lab, "in/web", server);
        HttpConnection other = http(lab, "in/web", server)) {
      String request = "GET /slow?size=10000000&drip=50 HTTP/1.1\r\nHost: a\r\n\r\n";
      slow.socket().getOutputStream().write(request.getBytes(ISO_8859_1));
      assertThat(slow.socket().getInputStream().readNBytes(2_000)).hasSize(2_000);
      assertThat(outcome(other.get("/"))).isEqualTo("200");

      apply(lab, mesh, "action: Deny\nrules: [{http: [{path: {prefix: /slow}}]}]\n");

      assertThatThrownBy(() -> slow.socket().getInputStream().readNBytes(10_000_000))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
      assertThat(outcome(other.get("/"))).isEqualTo("200");
    }
  }

  private static void apply(Lab lab, Mesh mesh, String spec) {
    Manifest policy =
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: AccessPolicy
            metadata:
              name: access
              namespace: shop
            spec:
            """
                + spec.indent(2));
    awaitInForce(mesh, () -> lab.apply(policy));
  }

  /** Makes a change, and returns when both nodes go by it. */
  private static void awaitInForce(Mesh mesh, Runnable change) {
    double before1 = version(mesh, "node-1");
    double before2 = version(mesh, "node-2");
    change.run();
    Wait.until(
        () -> version(mesh, "node-1") > before1 && version(mesh, "node-2") > before2,
        "the change to be in force");
  }

  private static double version(Mesh mesh, String node) {
    return mesh.metrics(node).sum("weft_snapshot_version");
  }

  /** What comes of a request, which is what was foreseen. */
  private static String get(Lab lab, Mesh mesh, String client, String server, String target) {
    String seen;
    try (HttpConnection connection = http(lab, client, server)) {
      seen = outcome(connection.get(target));
    } catch (IOException e) {
      seen = Explained.RESET;
    }
    assertThat(explained(lab, mesh, client, server, "GET", target)).isEqualTo(seen);
    return seen;
  }

  private static String getAtPod(Lab lab, Mesh mesh, String client, String server)
      throws IOException {
    String address = lab.pod("shop/" + server).address();
    String seen =
        outcome(
            HttpConnection.getOnce(lab.pod(client).namespace(), address, Pods.HTTP, "/", TIMEOUT));
    String url = "http://" + address + ":" + Pods.HTTP + "/";
    assertThat(Explained.access(lab, mesh, client, "GET", url)).isEqualTo(seen);
    return seen;
  }

  private static String explained(
      Lab lab, Mesh mesh, String client, String server, String method, String target) {
    return Explained.access(lab, mesh, client, method, "http://" + server + ".shop" + target);
  }

  /** The status, and why the proxy gave it. */
  private static String outcome(HttpMessage answer) {
    return (answer.status() + " " + answer.header("x-weft-error").orElse("")).strip();
  }

  private static HttpConnection http(Lab lab, String client, String server) throws IOException {
    return HttpConnection.open(
        lab.pod(client).namespace(), lab.service("shop/" + server), 80, TIMEOUT);
  }

  /** A connection that has been through. */
  private static Pulse pulse(Lab lab, String client, String server) throws IOException {
    Pulse pulse =
        Pulse.start(lab.pod(client).namespace(), lab.service("shop/" + server), Pods.ECHO);
    Wait.until(() -> pulse.beats() > 0, "the connection of " + client);
    return pulse;
  }

  /** Whether bytes pass that are no HTTP, as was foreseen. */
  private static boolean echoes(Lab lab, Mesh mesh, String client, String server) {
    boolean seen = echoes(lab, client, server);
    String url = "tcp://" + server + ".shop:" + Pods.ECHO;
    assertThat(Explained.access(lab, mesh, client, "GET", url))
        .isEqualTo(seen ? "200" : Explained.RESET);
    return seen;
  }

  private static boolean echoes(Lab lab, String client, String server) {
    try (Socket socket =
        PodSocket.connect(
            lab.pod(client).namespace(), lab.service("shop/" + server), Pods.ECHO, TIMEOUT)) {
      socket.getOutputStream().write('w');
      return socket.getInputStream().read() == 'w';
    } catch (IOException e) {
      return false;
    }
  }

  private static double denied(Mesh mesh, String server, String mode, String source) {
    return mesh.metrics(node(server))
        .sum(
            "weft_access_denied_total",
            "mode",
            mode,
            "source_workload",
            source,
            "destination_service",
            "shop/" + server);
  }

  private static double denied(Mesh mesh, String server, String mode, String source, String asked) {
    return mesh.metrics(node(server))
        .sum(
            "weft_access_denied_total",
            "mode",
            mode,
            "source_workload",
            source,
            "destination_service",
            "shop/" + server,
            "asked",
            asked);
  }

  private static String node(String server) {
    return server.equals("near") ? "node-1" : "node-2";
  }
}
