package io.weftmesh.redirector;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.redirector.testnet.EchoClient;
import io.weftmesh.redirector.testnet.TestPod;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where two connections of one client would be one to connection tracking. */
class HeldConnectionsTest {
  private static final int PORT = 8080;
  private static final int CONNECTIONS = 5000;

  private Mesh mesh;
  private TestPod client;
  private TestPod server;

  @BeforeEach
  void start() throws Exception {
    mesh = new Mesh();
    client = mesh.network.addPod();
    server = mesh.network.addPod();
    server.serveEcho(PORT);
    mesh.startRedirector();
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void aCapturedServerHoldsThemAllFromOneClient() throws Exception {
    mesh.startRelay(server);
    holdAll();
  }

  @Test
  void aCapturedClientHoldsThemAll() throws Exception {
    mesh.startRelay(client);
    holdAll();
  }

  private void holdAll() throws Exception {
    List<EchoClient> connections = new ArrayList<>(CONNECTIONS);
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        connections.add(new EchoClient(client, server.v4(), PORT));
      }
      for (EchoClient connection : connections) {
        assertThat(connection.echo("alive")).isEqualTo("alive");
      }
    } finally {
      for (EchoClient connection : connections) {
        connection.close();
      }
    }
  }
}
