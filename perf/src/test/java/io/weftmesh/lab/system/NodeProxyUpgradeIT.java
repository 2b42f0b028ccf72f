package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.Pulse;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A next generation of the node proxy takes over while the old one finishes what it holds. */
@MeshTest
class NodeProxyUpgradeIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int SLOW_MILLIS = 3_000;

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

  @ParameterizedTest
  @ValueSource(strings = {"node-1", "node-2"})
  void noRequestFailsAndNoConnectionIsCut(String node, Lab lab, Mesh mesh) throws IOException {
    Pod client = lab.pod("in/client");
    try (Load fresh = Load.start(newConnections(lab, "in/far"));
        Load near = Load.start(newConnections(lab, "in/near"));
        Load kept =
            Load.start(
                Load.Settings.keptAlive(client.namespace(), lab.service("in/far"), 80, 100)
                    .timeout(PATIENCE))) {
      Pulse pulse = Pulse.start(client.namespace(), lab.service("in/far"), Pods.ECHO);
      Wait.until(() -> pulse.beats() > 3, "a connection that was open before");
      CompletableFuture<HttpMessage> slow =
          CompletableFuture.supplyAsync(() -> slowRequest(lab), Thread::startVirtualThread);

      LabProcess old = mesh.startNextNodeProxy(node);
      old.terminate();
      // It ends in order while the old generation drains.
      long beats = pulse.beats();
      Wait.until(() -> pulse.beats() > beats + 10, "beats during the drain");
      assertThat(pulse.failure()).isEmpty();
      pulse.close();
      assertThat(slow.join().status()).isEqualTo(200);

      assertThat(kept.stop().failures()).isEmpty();
      assertThat(old.awaitEnd(Duration.ofSeconds(60))).as("the end of %s", old).isTrue();
      assertThat(fresh.stop().failures()).isEmpty();
      assertThat(near.stop().failures()).isEmpty();
      mesh.deleteProxyPod(old);
      mesh.awaitReady();
    }
  }

  private static HttpMessage slowRequest(Lab lab) {
    try {
      return HttpConnection.getOnce(
          lab.pod("in/client").namespace(),
          lab.service("in/far"),
          80,
          "/?delay=" + SLOW_MILLIS,
          PATIENCE);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private static Load.Settings newConnections(Lab lab, String server) {
    return Load.Settings.newConnections(
            lab.pod("in/client").namespace(), lab.service(server), 80, 100)
        .timeout(PATIENCE);
  }
}
