package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.Scrape.Sample;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The ca is away, gone or deaf, for longer than a renewal can wait. */
@MeshTest(leafLifetimeSeconds = CaOutageIT.LEAF_SECONDS)
class CaOutageIT {
  static final int LEAF_SECONDS = 40;
  private static final String EXPIRY = "weft_certificate_expiry_timestamp_seconds";

  enum Outage {
    KILLED,
    FROZEN;

    void begin(Mesh mesh) {
      if (this == KILLED) {
        mesh.ca().kill();
      } else {
        mesh.ca().freeze();
      }
    }

    void end(Mesh mesh) {
      if (this == KILLED) {
        mesh.startCa();
      } else {
        mesh.ca().thaw();
      }
    }
  }

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/far", "node-2", "far"),
        Pods.service("in/far", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/far"));
  }

  @ParameterizedTest
  @EnumSource
  void trafficGoesOnRenewalIsCaughtUpAndANewIdentityWaits(Outage outage, Lab lab, Mesh mesh) {
    // Begin right after a renewal, so that a whole half life lies before the next.
    double first = earliestExpiry(mesh, "node-1");
    Wait.until(() -> earliestExpiry(mesh, "node-1") > first, Duration.ofSeconds(LEAF_SECONDS));
    double renewed = earliestExpiry(mesh, "node-1");
    try (Load load =
        Load.start(
            Load.Settings.newConnections(
                lab.pod("in/client").namespace(), lab.service("in/far"), 80, 50))) {
      outage.begin(mesh);
      lab.apply(Pods.client("in/late", "node-1"));
      Pod late = lab.pod("in/late");
      // Past the moment of renewal, and before the end of the leaf.
      Wait.until(
          () -> load.elapsed().toSeconds() > LEAF_SECONDS * 6 / 10,
          Duration.ofSeconds(LEAF_SECONDS));
      assertThat(load.report().failures()).isEmpty();
      assertThat(earliestExpiry(mesh, "node-1")).isEqualTo(renewed);
      CompletableFuture<LoadReport> waiting =
          CompletableFuture.supplyAsync(() ->
              Load.run(
                  Load.Settings.newConnections(late.namespace(), lab.service("in/far"), 80, 10)
                      .count(10)
                      .timeout(Duration.ofSeconds(20))));

      outage.end(mesh);

      Wait.until(() -> earliestExpiry(mesh, "node-1") > renewed, "the renewal");
      mesh.awaitCaptured(late);
      assertThat(waiting.join().failures()).as("of the new identity").isEmpty();
      assertThat(load.stop().failures()).isEmpty();
    }
    assertThat(mesh.metrics("node-1").sum("weft_requests_total", "security", "plaintext")).isZero();
    lab.delete(new ObjectKey("Pod", "in", "late"));
  }

  private static double earliestExpiry(Mesh mesh, String node) {
    return mesh.metrics(node).series(EXPIRY).stream()
        .mapToDouble(Sample::value)
        .min()
        .orElseThrow();
  }
}
