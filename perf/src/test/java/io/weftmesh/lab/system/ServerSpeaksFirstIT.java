package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SMTP, MySQL and their like: the client waits for a greeting on a port that nobody declared. */
@MeshTest
class ServerSpeaksFirstIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration ALLOWED_MORE = Duration.ofMillis(50);
  private static final int TRIES = 21;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"));
    for (String namespace : List.of("in", "out")) {
      lab.apply(
          Pods.server(namespace + "/near", "node-1", "near"),
          Pods.server(namespace + "/far", "node-2", "far"),
          Pods.service(namespace + "/near", "near"),
          Pods.service(namespace + "/far", "far"));
    }
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"near", "far"})
  void bannerComesWithoutAStall(String server, Lab lab) throws IOException {
    Duration without = medianWait(lab.pod("out/client"), lab.service("out/" + server));
    Duration with = medianWait(lab.pod("in/client"), lab.service("in/" + server));
    assertThat(with).as("without the mesh: %s", without).isLessThan(without.plus(ALLOWED_MORE));
  }

  private static Duration medianWait(Pod from, String address) throws IOException {
    List<Duration> waits = new ArrayList<>();
    for (int i = 0; i < TRIES; i++) {
      long start = System.nanoTime();
      try (Socket socket = PodSocket.connect(from.namespace(), address, Pods.BANNER, TIMEOUT)) {
        assertThat(socket.getInputStream().read()).isEqualTo('2');
      }
      waits.add(Duration.ofNanos(System.nanoTime() - start));
    }
    return waits.stream().sorted().toList().get(TRIES / 2);
  }
}
