package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * All pods of a Service are replaced one by one under load. The worst order is tried, which a
 * cluster makes often enough: an application takes no more connections, and only later do the
 * endpoints say so.
 */
@MeshTest
class RollingUpdateIT {
  private static final int REPLICAS = 4;
  private static final int GETS = 475;
  private static final int POSTS = 25;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(Pods.meshed("in"), Pods.client("in/client", "node-1"), Pods.service("in/web", "web"));
    for (int i = 0; i < REPLICAS; i++) {
      lab.apply(Pods.server("in/old-" + i, node(i), "web"));
      mesh.awaitCaptured(lab.pod("in/old-" + i));
    }
    mesh.awaitCaptured(lab.pod("in/client"));
  }

  @Test
  void noRequestFailsWhileAllPodsAreReplaced(Lab lab, Mesh mesh) {
    Load.Settings settings =
        Load.Settings.keptAlive(lab.pod("in/client").namespace(), lab.service("in/web"), 80, GETS);
    Load.Settings newConnections =
        Load.Settings.newConnections(
            lab.pod("in/client").namespace(), lab.service("in/web"), 80, POSTS);
    try (Load gets = Load.start(settings);
        Load posts = Load.start(newConnections.posting())) {
      Wait.until(() -> gets.report().byPod().size() == REPLICAS, "every old pod to answer");
      for (int i = 0; i < REPLICAS; i++) {
        replace(lab, mesh, i);
      }
      Duration replaced = gets.elapsed();
      Wait.until(() -> gets.elapsed().minus(replaced).toSeconds() >= 1, "the new pods to serve");

      LoadReport got = gets.stop();
      LoadReport posted = posts.stop();
      assertThat(got.failures()).as("of %s", got).isEmpty();
      assertThat(posted.failures()).as("of %s", posted).isEmpty();
      assertThat(got.between(replaced, Duration.ofHours(1)).byPod().keySet())
          .allMatch(pod -> pod.startsWith("new-"));
    }
  }

  private static void replace(Lab lab, Mesh mesh, int i) {
    lab.apply(Pods.server("in/new-" + i, node(i), "web"));
    mesh.awaitCaptured(lab.pod("in/new-" + i));
    Pod old = lab.pod("in/old-" + i);
    for (LabProcess process : lab.processes(old)) {
      process.terminate();
    }
    // Refused by now, and still an endpoint that is ready.
    lab.setReady(old, false);
    for (LabProcess process : lab.processes(old)) {
      assertThat(process.awaitEnd(LIMIT)).as("the end of %s", process).isTrue();
    }
    lab.delete(old.manifest().key());
  }

  private static String node(int i) {
    return i % 2 == 0 ? "node-1" : "node-2";
  }
}
