package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Certificates change many times under traffic. */
@MeshTest(leafLifetimeSeconds = 20)
class ShortLivedLeafIT {
  private static final Duration UNDER_LOAD = Duration.ofMinutes(3);

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/far", "node-2", "far"),
        Pods.service("in/far", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/far"));
  }

  @Test
  void threeMinutesOfTwentySecondLeavesFailNothing(Lab lab, Mesh mesh) throws IOException {
    double issued = mesh.caMetrics().sum("weft_ca_svids_issued_total");
    try (Load fresh =
            Load.start(
                Load.Settings.newConnections(
                    lab.pod("in/client").namespace(), lab.service("in/far"), 80, 50));
        Load kept =
            Load.start(
                Load.Settings.keptAlive(
                    lab.pod("in/client").namespace(), lab.service("in/far"), 80, 50));
        Pulse pulse =
            Pulse.start(lab.pod("in/client").namespace(), lab.service("in/far"), Pods.ECHO)) {
      Wait.until(
          () ->
              fresh.elapsed().compareTo(UNDER_LOAD) > 0
                  || !fresh.report().failures().isEmpty()
                  || !kept.report().failures().isEmpty()
                  || pulse.failure().isPresent(),
          UNDER_LOAD.plusSeconds(10));
      LoadReport ofFresh = fresh.stop();
      assertThat(ofFresh.failures()).isEmpty();
      assertThat(kept.stop().failures()).isEmpty();
      assertThat(pulse.failure()).isEmpty();
      // Two identities, each renewed every ten seconds or so.
      assertThat(mesh.caMetrics().sum("weft_ca_svids_issued_total")).isGreaterThan(issued + 20);
      assertThat(ofFresh.outcomes()).hasSizeGreaterThan(8_000);
    }
  }
}
