package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.WireTap;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Outcome;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Any process of Weft may be killed at any time. What the applications see of it is told here; that
 * nothing ever turns to plaintext is checked on the wire throughout.
 */
@MeshTest
class ProcessesKilledIT {
  private static final int PER_SECOND = 200;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SOON = Duration.ofSeconds(3);
  private static final String MARKER = "/marker-in-plain-sight";

  private WireTap tap;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"),
        Pods.service("in/near", "near"),
        Pods.service("in/far", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @BeforeEach
  void listenOnTheWire(Lab lab) {
    tap = WireTap.start(lab);
  }

  @AfterEach
  void nothingWasSentInPlaintext() throws IOException {
    try (WireTap recorded = tap) {
      assertThat(recorded.stop().occurrences(MARKER)).isZero();
    }
  }

  @ParameterizedTest(name = "node proxy of {0} killed while {1} is called, ca killed too: {2}")
  @CsvSource({
    "node-1, in/near, false",
    "node-1, in/far, false",
    "node-2, in/far, false",
    "node-1, in/far, true",
    "node-2, in/far, true"
  })
  void newConnectionsWaitForTheNextNodeProxy(
      String node, String server, boolean caToo, Lab lab, Mesh mesh) {
    try (Load load = Load.start(newConnections(lab, server))) {
      runFor(Duration.ofSeconds(2));
      if (caToo) {
        mesh.ca().kill();
      }
      mesh.nodeProxy(node).kill();
      Duration killed = load.elapsed();
      runFor(Duration.ofSeconds(1));
      if (caToo) {
        mesh.startCa();
      }
      mesh.startNodeProxy(node);
      mesh.awaitReady();
      Duration ready = load.elapsed();
      runFor(Duration.ofSeconds(2));

      LoadReport report = load.stop();
      assertThat(report.between(killed, PATIENCE.plus(ready)).failures())
          .as("of %s", report)
          .isEmpty();
      assertThat(report.between(Duration.ZERO, killed).failures())
          .as("only what was under way may break")
          .allMatch(failure -> failure.at().compareTo(killed.minusMillis(100)) > 0);
    }
  }

  @Test
  void redirectorsDeathDisturbsNoTrafficAndNewPodsWaitForTheNext(Lab lab, Mesh mesh)
      throws IOException {
    try (Load load = Load.start(newConnections(lab, "in/far"));
        Pulse pulse =
            Pulse.start(lab.pod("in/client").namespace(), lab.pod("in/far").address(), Pods.ECHO)) {
      runFor(Duration.ofSeconds(1));
      mesh.redirector("node-1").kill();
      mesh.redirector("node-2").kill();
      lab.apply(Pods.client("in/late", "node-1"));
      runFor(Duration.ofSeconds(2));
      assertThat(Mesh.isCaptured(lab.pod("in/late"))).isFalse();

      mesh.startRedirector("node-1");
      mesh.startRedirector("node-2");
      mesh.awaitCaptured(lab.pod("in/late"));
      runFor(Duration.ofSeconds(1));

      assertThat(load.stop().failures()).isEmpty();
      assertThat(pulse.failure()).isEmpty();
    }
    assertThat(get(lab.pod("in/late"), lab.service("in/far"))).isEqualTo(200);
    lab.delete(new ObjectKey("Pod", "in", "late"));
  }

  @ParameterizedTest(name = "ca killed too: {0}")
  @CsvSource({"false", "true"})
  void withBothKilledConnectionsAreRefusedUntilBothAreBack(boolean caToo, Lab lab, Mesh mesh)
      throws IOException {
    Pod client = lab.pod("in/client");
    mesh.redirector("node-2").kill();
    mesh.nodeProxy("node-2").kill();
    if (caToo) {
      mesh.ca().kill();
    }
    for (String address : List.of(lab.service("in/far"), lab.pod("in/far").address())) {
      int port = address.equals(lab.service("in/far")) ? 80 : Pods.HTTP;
      LoadReport report =
          Load.run(
              Load.Settings.newConnections(client.namespace(), address, port, 20)
                  .target(MARKER)
                  .timeout(SOON)
                  .count(20));
      assertThat(report.byPod()).as("answered, though nobody could have taken it").isEmpty();
    }
    // From the node itself, as a kubelet or a NodePort would.
    assertThatThrownBy(() ->
            HttpConnection.getOnce(
                lab.network("node-2").namespace(),
                lab.pod("in/far").address(),
                Pods.HTTP,
                MARKER,
                SOON))
        .isInstanceOf(IOException.class);

    if (caToo) {
      mesh.startCa();
    }
    mesh.startRedirector("node-2");
    mesh.startNodeProxy("node-2");
    mesh.awaitCaptured(lab.pod("in/far"));
    Wait.until(() -> get(client, lab.service("in/far")) == 200, "the mesh to recover");
    LoadReport after = Load.run(newConnections(lab, "in/far").count(PER_SECOND));
    assertThat(after.failures()).isEmpty();
  }

  @Test
  void caMayDieAndComeBackUnderTraffic(Lab lab, Mesh mesh) {
    try (Load load = Load.start(newConnections(lab, "in/far"))) {
      runFor(Duration.ofSeconds(1));
      mesh.ca().kill();
      runFor(Duration.ofSeconds(2));
      mesh.startCa();
      runFor(Duration.ofSeconds(2));
      LoadReport report = load.stop();
      assertThat(report.failures()).isEmpty();
      assertThat(report.outcomes()).filteredOn(o -> o.kind() == Outcome.Kind.OK).isNotEmpty();
    }
    mesh.awaitReady();
  }

  private static Load.Settings newConnections(Lab lab, String server) {
    return Load.Settings.newConnections(
            lab.pod("in/client").namespace(), lab.service(server), 80, PER_SECOND)
        .target(MARKER)
        .timeout(PATIENCE);
  }

  private static int get(Pod from, String address) {
    try {
      return HttpConnection.getOnce(from.namespace(), address, 80, MARKER, SOON).status();
    } catch (IOException e) {
      return 0;
    }
  }

  private static void runFor(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }
}
