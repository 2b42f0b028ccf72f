package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.HeldConnections;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** So many connections between two pods that ports and connection tracking run into each other. */
@MeshTest
class ManyConnectionsIT {
  private static final int CONNECTIONS = 5_000;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @ParameterizedTest(name = "{0} holds them to {1}")
  @CsvSource({
    "out/client, in/near",
    "out/client, in/far",
    "in/client, in/near",
    "in/client, in/far"
  })
  void fiveThousandConnectionsOfOneClientAreNotReset(String client, String server, Lab lab)
      throws IOException {
    try (HeldConnections held =
        HeldConnections.open(
            lab.pod(client).namespace(), lab.pod(server).address(), Pods.ECHO, CONNECTIONS)) {
      held.exchangeOnAll();
      assertThat(held.failures()).isEmpty();
      assertThat(held.count()).isEqualTo(CONNECTIONS);
    }
  }
}
