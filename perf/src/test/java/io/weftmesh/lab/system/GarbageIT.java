package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.NetworkNamespace;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What no well-meaning peer sends: it is answered or cut off, counted, costs no more than it
 * should, and nobody else notices.
 */
@MeshTest
class GarbageIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);
  private static final int TUNNEL = 15008;
  private static final int IDLE_CONNECTIONS = 5_000;
  private static final int AT_ONCE = 100;

  /** Ten times each, so that what one costs for good would show. */
  private static final int TIMES = 10;

  /** Design, section 6: of an idle connection. */
  private static final long IDLE_BYTES = 8 * 1024;

  /** What a proxy that has just begun to work still takes: code, buffers, threads' stacks. */
  private static final long WARM_UP_BYTES = 48L << 20;

  private static final String TUNNEL_FAILURES = "weft_tunnel_failures_total";
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  private final Map<String, LabProcess> proxies = new TreeMap<>();
  private final Map<String, Long> resident = new TreeMap<>();
  private final Map<String, Double> sockets = new TreeMap<>();

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) throws IOException {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"),
        Pods.service("in/near", "near"),
        Pods.service("in/far", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
    serves(lab);
  }

  @AfterAll
  static void deletePods(Lab lab) {
    lab.delete(
        new ObjectKey("Service", "in", "near"),
        new ObjectKey("Service", "in", "far"),
        new ObjectKey("Pod", "in", "client"),
        new ObjectKey("Pod", "out", "client"),
        new ObjectKey("Pod", "in", "near"),
        new ObjectKey("Pod", "in", "far"));
  }

  @BeforeEach
  void look(Lab lab, Mesh mesh) {
    for (String node : lab.nodes()) {
      proxies.put(node, mesh.nodeProxy(node));
      resident.put(node, mesh.nodeProxy(node).residentBytes());
      sockets.put(node, openSockets(mesh, node));
    }
  }

  @AfterEach
  void nobodyHasNoticed(Lab lab, Mesh mesh) throws IOException {
    for (String node : lab.nodes()) {
      assertThat(proxies.get(node).alive()).as("%s", proxies.get(node)).isTrue();
      // Tunnels, and the connections in HTTP's pools, are kept for a while.
      Wait.until(() -> openSockets(mesh, node) <= sockets.get(node) + 8, "the sockets of " + node);
      assertThat(grown(node)).as("bytes by which %s has grown", node).isLessThan(WARM_UP_BYTES);
    }
    mesh.awaitReady();
    serves(lab);
  }

  /** What comes to the port for tunnels, and what it is counted as. */
  enum NoTunnel {
    PLAIN_HTTP("not_tls", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    HTTP2_WITHOUT_TLS("not_tls", PREFACE),
    RANDOM_BYTES("not_tls", random(64 * 1024)),
    /** The record says that a ClientHello of 64 bytes follows, and zeros do. */
    BROKEN_HELLO("tls", "\u0016\3\1\0\104\1\0\0\100" + "\0".repeat(64)),
    /** A record that is larger than any may be. */
    ENDLESS_RECORD("tls", "\u0016\3\3\u00ff\u00ff" + random(64 * 1024));

    private final String counted;

    /** One character per byte. */
    private final String sent;

    NoTunnel(String counted, String sent) {
      this.counted = counted;
      this.sent = sent;
    }
  }

  @ParameterizedTest
  @EnumSource
  void tunnelPortCutsOffWhatIsNoTunnel(NoTunnel garbage, Lab lab, Mesh mesh) throws IOException {
    Pod target = lab.pod("in/far");
    double before = failedTunnels(mesh, "node-2", garbage.counted);
    for (int i = 0; i < TIMES; i++) {
      assertThat(Answer.to(bytes(garbage.sent), outsider(lab), target.address(), TUNNEL))
          .matches(Answer::isRefusal);
    }
    Wait.until(
        () -> failedTunnels(mesh, "node-2", garbage.counted) == before + TIMES,
        garbage.counted + " to be counted");
  }

  @Test
  void nothingIsReadFromWhoComesToTheOutboundPortDirectly(Lab lab, Mesh mesh) throws IOException {
    String counter = "weft_captured_connections_refused_total";
    double before = mesh.metrics("node-2").sum(counter, "reason", "not_redirected");
    for (int i = 0; i < TIMES; i++) {
      Answer answer = Answer.to(bytes(PREFACE), outsider(lab), lab.pod("in/far").address(), 15001);
      assertThat(answer).isEqualTo(new Answer("", true));
    }
    Wait.until(
        () -> mesh.metrics("node-2").sum(counter, "reason", "not_redirected") == before + TIMES,
        "them to be counted");
  }

  @Test
  void prefaceOfHttp2ToAPortThatAServiceHasNotEndsInAReset(Lab lab, Mesh mesh) throws IOException {
    double before = failedConnections(mesh, "in/far");
    assertThat(Answer.to(bytes(PREFACE), client(lab), lab.service("in/far"), 4711))
        .isEqualTo(new Answer("", true));
    Wait.until(() -> failedConnections(mesh, "in/far") == before + 1, "it to be counted");
  }

  @ParameterizedTest(name = "to {0} port {1}, counted of {2}")
  @CsvSource({
    // An address that nobody has, a port that nobody listens on.
    "10.96.200.200, 80, outside",
    "out/client, 4711, pod"
  })
  void requestOfHttp2ToWhereNobodyIsIsAnsweredInWords(
      String to, int port, String counted, Lab lab, Mesh mesh) {
    String address = to.equals("out/client") ? lab.pod(to).address() : to;
    double before = answered(mesh, "unreachable", counted);
    assertThat(
            client(lab)
                .command(
                    "curl",
                    "--silent",
                    "--max-time",
                    "30",
                    "--http2-prior-knowledge",
                    "--output",
                    "/dev/null",
                    "--write-out",
                    "%{http_version} %{http_code} %header{x-weft-error}",
                    "http://" + address + ":" + port + "/")
                .run())
        .isEqualTo("2 503 unreachable");
    Wait.until(() -> answered(mesh, "unreachable", counted) == before + 1, "it to be counted");
  }

  @ParameterizedTest(name = "{0}, {1} headers of {2} bytes")
  @CsvSource({"in/near, 1, 100000", "in/far, 1, 100000", "in/near, 1000, 100", "in/far, 1000, 100"})
  void headersOverTheLimitAreRefusedInWords(
      String service, int count, int length, Lab lab, Mesh mesh) throws IOException {
    StringBuilder request = new StringBuilder("GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < count; i++) {
      request.append("x-").append(i).append(": ").append("w".repeat(length)).append("\r\n");
    }
    request.append("\r\n");
    double before = answered(mesh, "headers_too_large");
    // Declared as HTTP, and found out by detection.
    for (int port : new int[] {80, 81}) {
      for (int i = 0; i < TIMES; i++) {
        try (HttpConnection connection =
            HttpConnection.open(client(lab), lab.service(service), port, TIMEOUT)) {
          HttpMessage answer = connection.exchange(request.toString());
          assertThat(answer.status()).isEqualTo(431);
          assertThat(answer.header("x-weft-error")).contains("headers_too_large");
        }
      }
    }
    Wait.until(
        () -> answered(mesh, "headers_too_large") == before + 2 * TIMES, "them to be counted");
  }

  @Test
  void noiseWhereHttpIsDeclaredIsABadRequest(Lab lab, Mesh mesh) throws IOException {
    double before = answered(mesh, "bad_request");
    for (int i = 0; i < TIMES; i++) {
      Answer answer =
          Answer.to(bytes(random(1_000) + "\r\n\r\n"), client(lab), lab.service("in/far"), 80);
      assertThat(answer.text()).startsWith("HTTP/1.1 400 ").contains("x-weft-error: bad_request");
    }
    Wait.until(() -> answered(mesh, "bad_request") == before + TIMES, "them to be counted");
  }

  @ParameterizedTest
  @ValueSource(strings = {"in/near", "in/far"})
  void noiseWhereNothingIsDeclaredIsCarriedAsItIs(String service, Lab lab) throws IOException {
    byte[] noise = bytes(random(64 * 1024));
    try (Socket socket = PodSocket.connect(client(lab), lab.service(service), Pods.ECHO, TIMEOUT)) {
      Thread.startVirtualThread(() -> {
        try {
          socket.getOutputStream().write(noise);
        } catch (IOException e) {
          // Shows in what comes back.
        }
      });
      assertThat(socket.getInputStream().readNBytes(noise.length)).isEqualTo(noise);
    }
  }

  @Test
  void fiveThousandIdleConnectionsToTheTunnelPortDisturbNoTunnel(Lab lab, Mesh mesh)
      throws IOException {
    double before = mesh.metrics("node-2").sum(TUNNEL_FAILURES, "side", "server");
    try (Load load =
        Load.start(Load.Settings.newConnections(client(lab), lab.service("in/far"), 80, 50))) {
      Collection<Socket> idle =
          open(outsider(lab), lab.pod("in/far").address(), TUNNEL, IDLE_CONNECTIONS);
      try {
        assertThat(idle).hasSize(IDLE_CONNECTIONS);
        // Some at once, since so many handshakes are too many; the others when they come to
        // nothing.
        Wait.until(
            () ->
                mesh.metrics("node-2").sum(TUNNEL_FAILURES, "side", "server")
                    == before + IDLE_CONNECTIONS,
            "each to be cut off");
        assertThat(failedTunnels(mesh, "node-2", "overloaded")).isPositive();
        assertThat(failedTunnels(mesh, "node-2", "handshake_timeout")).isPositive();
      } finally {
        close(idle);
      }
      assertThat(load.stop().failures()).isEmpty();
    }
  }

  @Test
  void fiveThousandIdleClientsCostLittleAndDisturbNobody(Lab lab, Mesh mesh) throws IOException {
    Collection<Socket> idle = open(client(lab), lab.service("in/far"), 80, IDLE_CONNECTIONS);
    try {
      assertThat(idle).hasSize(IDLE_CONNECTIONS);
      Wait.until(
          () -> openSockets(mesh, "node-1") >= sockets.get("node-1") + IDLE_CONNECTIONS,
          "all to be accepted");
      assertThat(grown("node-1")).isLessThan(IDLE_CONNECTIONS * IDLE_BYTES + WARM_UP_BYTES);
      serves(lab);
      mesh.awaitReady();
      for (Socket socket : List.copyOf(idle).subList(0, AT_ONCE)) {
        socket.getOutputStream().write(bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
    } finally {
      close(idle);
    }
  }

  private static Collection<Socket> open(
      NetworkNamespace from, String address, int port, int count) {
    Collection<Socket> sockets = new ConcurrentLinkedQueue<>();
    Semaphore slots = new Semaphore(AT_ONCE);
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        slots.acquireUninterruptibly();
        each.execute(() -> {
          try {
            sockets.add(PodSocket.connect(from, address, port, TIMEOUT));
          } catch (IOException e) {
            // Shows in their number.
          } finally {
            slots.release();
          }
        });
      }
    }
    return sockets;
  }

  private static void close(Collection<Socket> sockets) throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private static void serves(Lab lab) throws IOException {
    for (String service : List.of("in/near", "in/far")) {
      HttpMessage answer =
          HttpConnection.getOnce(client(lab), lab.service(service), 80, "/", TIMEOUT);
      assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    }
  }

  private long grown(String node) {
    return proxies.get(node).residentBytes() - resident.get(node);
  }

  private static NetworkNamespace client(Lab lab) {
    return lab.pod("in/client").namespace();
  }

  private static NetworkNamespace outsider(Lab lab) {
    return lab.pod("out/client").namespace();
  }

  private static double openSockets(Mesh mesh, String node) {
    return mesh.metrics(node).sum("weft_sockets_open");
  }

  private static double failedTunnels(Mesh mesh, String node, String reason) {
    return mesh.metrics(node).sum(TUNNEL_FAILURES, "side", "server", "reason", reason);
  }

  /** Over the ports of a Service. */
  private static double failedConnections(Mesh mesh, String destination) {
    return mesh.metrics("node-1").samples().stream()
        .filter(sample -> sample.name().equals("weft_tcp_connections_failed_total"))
        .filter(sample ->
            String.valueOf(sample.labels().get("destination_service")).startsWith(destination))
        .mapToDouble(sample -> sample.value())
        .sum();
  }

  private static double answered(Mesh mesh, String error) {
    return mesh.metrics("node-1").sum("weft_requests_total", "error", error);
  }

  private static double answered(Mesh mesh, String error, String service) {
    return mesh.metrics("node-1")
        .sum("weft_requests_total", "error", error, "destination_service", service);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  /** The same noise each time, one character per byte; begins as nothing that anybody knows. */
  private static String random(int length) {
    byte[] noise = new byte[length];
    new SplittableRandom(1).nextBytes(noise);
    noise[0] = (byte) 0xee;
    return new String(noise, ISO_8859_1);
  }
}
