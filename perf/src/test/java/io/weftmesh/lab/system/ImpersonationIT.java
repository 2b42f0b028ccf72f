package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weftmesh.ca.api.CaException;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.TokenIssuer;
import io.weftmesh.lab.mesh.TokenIssuer.Claims;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Somebody says that he is somebody else: to the ca, or in another pod's place. */
@MeshTest
class ImpersonationIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LONGER = Duration.ofSeconds(1);
  private static final int PER_SECOND = 50;
  private static final String REFUSALS = "weft_ca_refusals_total";
  private static final String FAILURES = "weft_tunnel_failures_total";

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/plain", "node-1"),
        Pods.server("in/victim", "node-2", "victim"),
        Pods.client("in/impostor", "node-2"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/victim"), lab.pod("in/impostor"));
  }

  @AfterAll
  static void deletePods(Lab lab) {
    lab.delete(
        new ObjectKey("Pod", "in", "client"),
        new ObjectKey("Pod", "out", "plain"),
        new ObjectKey("Pod", "in", "victim"),
        new ObjectKey("Pod", "in", "impostor"));
  }

  /** What a caller shows and asks for, and what the ca's metrics call it. */
  enum Attack {
    IDENTITY_OF_ANOTHER_NODE("identity_not_on_node") {
      @Override
      SpiffeId identity() {
        return id("in", "victim");
      }
    },
    IDENTITY_OF_A_POD_OUTSIDE_THE_MESH("identity_not_on_node") {
      @Override
      SpiffeId identity() {
        return id("out", "plain");
      }
    },
    IDENTITY_OF_THE_CA("identity_not_on_node") {
      @Override
      SpiffeId identity() {
        return id("weft-system", "weft-ca");
      }
    },
    IDENTITY_OF_ANOTHER_TRUST_DOMAIN("identity_trust_domain") {
      @Override
      SpiffeId identity() {
        return SpiffeId.workload("elsewhere.example", "in", "client");
      }
    },
    TOKEN_OF_ANOTHER_NODE("identity_not_on_node") {
      @Override
      String token(Mesh mesh) {
        return mesh.tokens().issue(mesh.claims(mesh.proxyPod("node-2")));
      }
    },
    TOKEN_THAT_NAMES_ANOTHER_NODE("caller_node_mismatch") {
      @Override
      Claims claims(Claims genuine) {
        return genuine.node("node-2");
      }
    },
    EXPIRED_TOKEN("token_expired") {
      @Override
      Claims claims(Claims genuine) {
        return genuine.expires(Instant.now().minusSeconds(1));
      }
    },
    TOKEN_FOR_ANOTHER_AUDIENCE("token_audience") {
      @Override
      Claims claims(Claims genuine) {
        return genuine.audience("https://kubernetes.default.svc");
      }
    },
    TOKEN_OF_ANOTHER_SERVICE_ACCOUNT("service_account_not_allowed") {
      @Override
      Claims claims(Claims genuine) {
        return genuine.serviceAccount("default");
      }
    },
    TOKEN_OF_A_POD_THAT_IS_GONE("caller_pod_gone") {
      @Override
      Claims claims(Claims genuine) {
        return new Claims(
            genuine.namespace(),
            genuine.serviceAccount(),
            genuine.node(),
            genuine.pod(),
            "00000000-0000-0000-0000-000000000000",
            genuine.audience(),
            genuine.expires());
      }
    },
    TOKEN_OF_ANOTHER_ISSUER("token_unknown_key") {
      @Override
      String token(Mesh mesh) {
        return new TokenIssuer().issue(mesh.claims(mesh.proxyPod("node-1")));
      }
    },
    NO_TOKEN_AT_ALL("token_malformed") {
      @Override
      String token(Mesh mesh) {
        return "nonsense";
      }
    };

    private final String counted;

    Attack(String counted) {
      this.counted = counted;
    }

    SpiffeId identity() {
      return id("in", "client");
    }

    Claims claims(Claims genuine) {
      return genuine;
    }

    String token(Mesh mesh) {
      return mesh.tokens().issue(claims(mesh.claims(mesh.proxyPod("node-1"))));
    }
  }

  @ParameterizedTest
  @EnumSource
  void caRefusesAndDoesNotSayWhy(Attack attack, Lab lab, Mesh mesh, @TempDir Path folder)
      throws Exception {
    try (CaCaller caller = CaCaller.of(lab, mesh, folder)) {
      double before = refusals(mesh, attack.counted);
      double issued = mesh.caMetrics().sum("weft_ca_svids_issued_total");
      assertDenied(
          catchThrowableOfType(
              CaException.class, () -> caller.sign(attack.token(mesh), attack.identity())));
      assertThat(refusals(mesh, attack.counted)).isEqualTo(before + 1);
      assertThat(mesh.caMetrics().sum("weft_ca_svids_issued_total")).isEqualTo(issued);

      // The same caller is served when it says what is true.
      String genuine = mesh.tokens().issue(mesh.claims(mesh.proxyPod("node-1")));
      assertThat(caller.sign(genuine, id("in", "client")).chain()).isNotEmpty();
    }
  }

  @Test
  void nodeCannotTakeAnotherNodesPodOutOfTheMesh(Lab lab, Mesh mesh, @TempDir Path folder)
      throws Exception {
    try (CaCaller caller = CaCaller.of(lab, mesh, folder)) {
      double before = refusals(mesh, "pod_of_other_node");
      String token = mesh.tokens().issue(mesh.claims(mesh.proxyPod("node-1")));
      assertDenied(
          catchThrowableOfType(
              CaException.class, () -> caller.withdraw(token, lab.pod("in/victim").uid())));
      assertThat(refusals(mesh, "pod_of_other_node")).isEqualTo(before + 1);
    }
  }

  @Test
  void serverWithAnothersValidIdentityIsToldNothing(Lab lab, Mesh mesh, @TempDir Path folder)
      throws Exception {
    Pod client = lab.pod("in/client");
    Pod victim = lab.pod("in/victim");
    CaCaller.Svid own;
    CaCaller.Svid others;
    try (CaCaller caller = CaCaller.of(lab, mesh, folder)) {
      String token = mesh.tokens().issue(mesh.claims(mesh.proxyPod("node-2")));
      own = caller.sign(token, id("in", "victim"));
      others = caller.sign(token, id("in", "impostor"));
    }
    // A node that was taken over: the pod's rules stand, and its port for tunnels is free.
    mesh.redirector("node-2").kill();
    mesh.nodeProxy("node-2").kill();
    double failedBefore = mesh.metrics("node-1").sum(FAILURES, "side", "client", "reason", "tls");

    try (TunnelImpostor impostor = TunnelImpostor.in(victim, others, bundle(mesh))) {
      HttpMessage answer = get(client, victim.address());
      assertThat(answer.status()).as(answer.toString()).isEqualTo(503);
      assertThat(answer.header("x-weft-error")).contains("insecure");
      Wait.until(() -> !impostor.failures().isEmpty(), "the client to refuse");
      assertThat(impostor.heard()).isEmpty();
      assertThat(mesh.metrics("node-1").sum(FAILURES, "side", "client", "reason", "tls"))
          .isGreaterThan(failedBefore);
    }
    // With the right one it is spoken to: it was the identity that mattered.
    try (TunnelImpostor impostor = TunnelImpostor.in(victim, own, bundle(mesh));
        HttpConnection request =
            HttpConnection.open(client.namespace(), victim.address(), Pods.HTTP, TIMEOUT)) {
      request
          .socket()
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: victim\r\n\r\n".getBytes(US_ASCII));
      Wait.until(() -> !impostor.heard().isEmpty(), "the client to begin a tunnel");
      assertThat(impostor.heard()).contains("PRI * HTTP/2.0");
      assertThat(impostor.failures()).isEmpty();
    }

    mesh.startRedirector("node-2");
    mesh.startNodeProxy("node-2");
    mesh.awaitCaptured(victim);
    Wait.until(() -> get(client, victim.address()).status() == 200, "the pod itself to answer");
  }

  @ParameterizedTest(name = "on {0}, the next pod in the mesh: {1}")
  @CsvSource({"node-1, true", "node-2, true", "node-1, false", "node-2, false"})
  void nextPodAtAnAddressIsNotReachedUnderTheNameOfTheLast(
      String node, boolean meshed, Lab lab, Mesh mesh) throws IOException {
    lab.apply(Pods.server("in/last", node, "last"), Pods.service("in/last", "last"));
    Pod last = lab.pod("in/last");
    // Endpoints that nobody takes back: news of a pod's end may be late for long.
    lab.apply(
        ServiceTemplate.named("in/stale").port("http", 80, Pods.HTTP).build(),
        staleEndpoints(last));
    mesh.awaitCaptured(last);
    Pod client = lab.pod("in/client");
    String place = meshed ? "in/next" : "out/next";

    List<Load> loads = new ArrayList<>();
    try {
      for (String service : List.of("in/last", "in/stale")) {
        String address = lab.service(service);
        Wait.until(() -> status(client, address, 80) == 200, service);
        loads.add(load(Load.Settings.newConnections(client.namespace(), address, 80, PER_SECOND)));
        loads.add(load(Load.Settings.keptAlive(client.namespace(), address, 80, PER_SECOND)));
      }
      loads.forEach(load ->
          Wait.until(() -> load.report().byPod().containsKey("last"), "answers of the last pod"));

      lab.delete(last.manifest().key());
      lab.apply(Pods.serverAt(last, place, "next"));
      Pod next = lab.pod(place);
      if (meshed) {
        mesh.awaitCaptured(next);
      }
      Wait.until(() -> status(client, next.address(), Pods.HTTP) == 200, "the next pod");
      assertThat(get(client, next.address()).body()).contains("\"pod\":\"next\"");
      for (Load load : loads) {
        Duration reached = load.elapsed();
        Wait.until(() -> load.elapsed().minus(reached).compareTo(LONGER) > 0, "more requests");
        LoadReport report = load.stop();
        assertThat(report.byPod()).as("%s", report).containsOnlyKeys("last");
        assertThat(report.failures()).as("no longer served").isNotEmpty();
      }
    } finally {
      loads.forEach(Load::close);
    }
    lab.delete(
        lab.pod(place).manifest().key(),
        new ObjectKey("Service", "in", "last"),
        new ObjectKey("Service", "in", "stale"),
        new ObjectKey("EndpointSlice", "in", "stale-by-hand"));
  }

  private static Load load(Load.Settings settings) {
    return Load.start(settings.timeout(TIMEOUT));
  }

  private static Manifest staleEndpoints(Pod pod) {
    return Manifest.parse(
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: stale-by-hand
          namespace: in
          labels:
            kubernetes.io/service-name: stale
        addressType: IPv4
        endpoints:
        - addresses: ["%s"]
          conditions: {ready: true}
          nodeName: %s
          targetRef: {kind: Pod, namespace: in, name: last, uid: "%s"}
        ports:
        - {name: http, port: %d, protocol: TCP}
        """
            .formatted(pod.address(), pod.node(), pod.uid(), Pods.HTTP));
  }

  private static void assertDenied(CaException refusal) {
    assertThat(refusal.reason()).isEqualTo("permission_denied");
    assertThat(refusal).hasMessageEndingWith(" answered PERMISSION_DENIED: denied");
  }

  private static double refusals(Mesh mesh, String reason) {
    return mesh.caMetrics().sum(REFUSALS, "reason", reason);
  }

  private static SpiffeId id(String namespace, String serviceAccount) {
    return SpiffeId.workload(Mesh.TRUST_DOMAIN, namespace, serviceAccount);
  }

  private static Path bundle(Mesh mesh) {
    return mesh.files().trustBundle();
  }

  private static HttpMessage get(Pod from, String address) throws IOException {
    return HttpConnection.getOnce(from.namespace(), address, Pods.HTTP, "/", TIMEOUT);
  }

  private static int status(Pod from, String address, int port) {
    try {
      return HttpConnection.getOnce(from.namespace(), address, port, "/", TIMEOUT).status();
    } catch (IOException e) {
      return 0;
    }
  }
}
