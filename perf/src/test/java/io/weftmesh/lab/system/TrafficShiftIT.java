package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The traffic of one Service is split between others by weight. */
@MeshTest
class TrafficShiftIT {
  private static final int REQUESTS = 500;
  private static final int AT_ONCE = 20;
  private static final double POINTS = 0.05;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/v1-a", "node-1", "v1"),
        Pods.server("in/v1-b", "node-2", "v1"),
        Pods.server("in/v2-a", "node-1", "v2"),
        Pods.server("in/v2-b", "node-2", "v2"),
        Pods.service("in/shop", "v1"),
        Pods.service("in/shop-v1", "v1"),
        Pods.service("in/shop-v2", "v2"));
    mesh.awaitCaptured(
        lab.pod("in/client"),
        lab.pod("in/v1-a"),
        lab.pod("in/v1-b"),
        lab.pod("in/v2-a"),
        lab.pod("in/v2-b"));
  }

  @Test
  void requestsOnNewConnectionsAreSharedOutAsTheWeightsSay(Lab lab) {
    shift(lab, 70, 30);
    LoadReport report = Load.runAtOnce(newConnections(lab).count(REQUESTS), AT_ONCE);
    assertThat(report.failures()).isEmpty();
    assertThat(shareOfV2(report)).isCloseTo(0.3, within(POINTS));
  }

  @Test
  void connectionsThatAreNotHttpAreSharedOutToo(Lab lab) throws IOException {
    shift(lab, 70, 30);
    int v2 = 0;
    for (int i = 0; i < REQUESTS; i++) {
      v2 += bannerOf(lab).contains(" v2-") ? 1 : 0;
    }
    assertThat((double) v2 / REQUESTS).isCloseTo(0.3, within(POINTS));
  }

  @Test
  void changedWeightsAreInForceWithinASecondAndFailNothing(Lab lab) {
    shift(lab, 100, 0);
    try (Load load =
        Load.start(
            new Load.Settings(
                lab.pod("in/client").namespace(),
                lab.service("in/shop"),
                80,
                "/",
                200,
                false,
                Duration.ofSeconds(10),
                Integer.MAX_VALUE))) {
      Wait.until(() -> load.elapsed().toSeconds() >= 2, "traffic to v1");
      writeShift(lab, 0, 100);
      Duration changed = load.elapsed();
      Wait.until(() -> load.elapsed().minus(changed).toSeconds() >= 3, "traffic to v2");
      LoadReport report = load.stop();
      assertThat(report.failures()).isEmpty();
      assertThat(shareOfV2(report.between(Duration.ofSeconds(1), changed))).isZero();
      assertThat(shareOfV2(report.between(changed.plusSeconds(1), Duration.ofHours(1))))
          .isEqualTo(1.0);
    }
  }

  /** Puts a split in force: returns when it is seen to be. */
  private static void shift(Lab lab, int v1, int v2) {
    // Through an opposite extreme, so that what is measured can't be an older split.
    writeShift(lab, v1 == 100 ? 0 : 100, v1 == 100 ? 100 : 0);
    Wait.until(() -> shareOfV2(burst(lab)) == (v1 == 100 ? 1.0 : 0.0), "the first split");
    writeShift(lab, v1, v2);
    double expected = v2 / 100.0;
    Wait.until(
        () -> Math.abs(shareOfV2(burst(lab)) - expected) <= (v1 == 100 ? 0 : 0.2),
        "the split " + v1 + "/" + v2);
  }

  private static LoadReport burst(Lab lab) {
    return Load.runAtOnce(newConnections(lab).count(50), AT_ONCE);
  }

  private static void writeShift(Lab lab, int v1, int v2) {
    lab.apply(
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficShift
            metadata:
              name: shop
              namespace: in
            spec:
              service: shop
              backends:
                - service: shop-v1
                  weight: %d
                - service: shop-v2
                  weight: %d
            """
                .formatted(v1, v2)));
  }

  private static double shareOfV2(LoadReport report) {
    long v2 =
        report.byPod().entrySet().stream()
            .filter(pod -> pod.getKey().startsWith("v2"))
            .mapToLong(pod -> pod.getValue())
            .sum();
    return (double) v2 / report.outcomes().size();
  }

  private static Load.Settings newConnections(Lab lab) {
    return Load.Settings.newConnections(
        lab.pod("in/client").namespace(), lab.service("in/shop"), 80, 1_000);
  }

  private static String bannerOf(Lab lab) throws IOException {
    try (Socket socket =
        PodSocket.connect(
            lab.pod("in/client").namespace(),
            lab.service("in/shop"),
            Pods.BANNER,
            Duration.ofSeconds(10))) {
      return new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
          .readLine();
    }
  }
}
