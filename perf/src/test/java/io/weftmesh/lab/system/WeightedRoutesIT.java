package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.mesh.Mesh;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The weights of {@code HTTPRoute} and {@code TCPRoute}, counted over new connections. */
@MeshTest
class WeightedRoutesIT {
  private static final int REQUESTS = 500;
  private static final int AT_ONCE = 20;
  private static final int CONNECTIONS = 100;
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final double POINTS = 0.05;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    ConformanceFixture.apply(lab, mesh);
  }

  @Test
  void requestsAreSharedOutAsAnHttpRouteSays(Lab lab) throws IOException {
    lab.apply(route("HTTPRoute", 80, 8080));
    new InARow()
        .holds(() -> {
          long start = System.nanoTime();
          LoadReport report =
              Load.runAtOnce(
                  Load.Settings.newConnections(
                          lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), 80, 1)
                      .count(REQUESTS),
                  AT_ONCE);
          Duration took = Duration.ofNanos(System.nanoTime() - start);

          assertThat(report.failures()).isEmpty();
          assertThat(report.byPod()).containsOnlyKeys("echo-v1", "echo-v2");
          assertThat((double) report.byPod().get("echo-v1") / REQUESTS)
              .isCloseTo(0.7, within(POINTS));
          assertThat(took).isLessThan(LIMIT);
        });
  }

  @Test
  void connectionsAreSharedOutAsATcpRouteSays(Lab lab) throws IOException {
    lab.apply(route("TCPRoute", 9091, 9091));
    new InARow()
        .holds(() -> {
          int v1 = 0;
          for (int i = 0; i < CONNECTIONS; i++) {
            String banner = banner(lab);
            assertThat(banner).contains(" echo-v");
            v1 += banner.contains(" echo-v1 ") ? 1 : 0;
          }
          assertThat((double) v1 / CONNECTIONS).isCloseTo(0.7, within(POINTS));
        });
  }

  private static Manifest route(String kind, int port, int backendPort) {
    return Manifest.parse(
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: %s
        metadata:
          name: weights
          namespace: mesh
        spec:
          parentRefs: [{kind: Service, group: "", name: echo, port: %d}]
          rules:
            - backendRefs:
                - {name: echo-v1, port: %d, weight: 70}
                - {name: echo-v2, port: %d, weight: 30}
        """
            .formatted(kind, port, backendPort, backendPort));
  }

  private static String banner(Lab lab) throws IOException {
    try (Socket socket =
        PodSocket.connect(
            lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), 9091, LIMIT)) {
      String banner =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      return banner == null ? "" : banner;
    }
  }
}
