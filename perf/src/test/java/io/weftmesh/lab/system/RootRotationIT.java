package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The root that everybody trusts is replaced while everybody talks. */
@MeshTest(leafLifetimeSeconds = 20)
class RootRotationIT {
  private static final Duration LEAVES_DIE = Duration.ofSeconds(60);

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
  void threeStepsOfRotationFailNoHandshake(Lab lab, Mesh mesh) throws IOException {
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
      mesh.rotateRoot("prepare");
      assertThat(phase(mesh)).isEqualTo("prepared");
      // Refused until both nodes have acknowledged the new bundle.
      Wait.until(() -> tryRotate(mesh, "activate"), LEAVES_DIE);
      assertThat(phase(mesh)).isEqualTo("activated");
      // Refused until the last leaf of the old root is dead.
      Wait.until(() -> tryRotate(mesh, "retire"), LEAVES_DIE);
      assertThat(phase(mesh)).isEqualTo("stable");

      double after = fresh.elapsed().toMillis();
      Wait.until(() -> fresh.elapsed().toMillis() > after + 3_000, "traffic under the new root");
      assertThat(fresh.stop().failures()).isEmpty();
      assertThat(kept.stop().failures()).isEmpty();
      assertThat(pulse.failure()).isEmpty();
    }
  }

  private static boolean tryRotate(Mesh mesh, String step) {
    try {
      mesh.rotateRoot(step);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private static String phase(Mesh mesh) {
    return mesh.caMetrics().series("weft_ca_rotation_phase").stream()
        .filter(sample -> sample.value() == 1)
        .map(sample -> sample.labels().get("phase"))
        .findFirst()
        .orElseThrow();
  }
}
