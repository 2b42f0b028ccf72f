package io.weftmesh.redirector;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.PodState;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorState;
import io.weftmesh.redirector.testnet.EchoClient;
import io.weftmesh.redirector.testnet.TestPod;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real processes, real namespaces, real rules: what applications in pods see. */
class CaptureTest {
  private static final int PORT = 8080;

  private Mesh mesh;
  private TestPod client;
  private TestPod server;

  @BeforeEach
  void start() throws Exception {
    mesh = new Mesh();
    client = mesh.network.addPod();
    server = mesh.network.addPod();
    mesh.startRedirector();
  }

  @AfterEach
  void stop() throws Exception {
    mesh.close();
  }

  @Test
  void theApplicationSeesTheClientsAddress() throws Exception {
    mesh.startRelay(client, server);
    server.serveEcho(PORT);
    for (InetAddress address : List.of(server.v4(), server.v6())) {
      try (EchoClient connection = new EchoClient(client, address, PORT)) {
        InetAddress expected = address.equals(server.v4()) ? client.v4() : client.v6();
        assertThat(connection.seenAs()).isEqualTo(expected.getHostAddress());
        assertThat(connection.echo("hello")).isEqualTo("hello");
      }
    }
  }

  @Test
  void aPodReachesItselfThroughTheProxyUnderItsOwnAddress() throws Exception {
    mesh.startRelay(server);
    server.serveEcho(PORT);
    for (InetAddress address : List.of(server.v4(), server.v6())) {
      try (EchoClient connection = new EchoClient(server, address, PORT)) {
        assertThat(connection.seenAs()).isEqualTo(address.getHostAddress());
        assertThat(connection.echo("hello")).isEqualTo("hello");
      }
    }
  }

  @Test
  void connectionsOpenedBeforeEachStepLiveOnAndRulesGoWithoutTrace() throws Exception {
    String before = server.rules();
    RedirectorClient redirector = mesh.connect();
    server.serveEcho(PORT);
    client.serveEcho(PORT);
    try (EchoClient beforeArming = new EchoClient(client, server.v4(), PORT);
        EchoClient otherWay = new EchoClient(server, client.v6(), PORT)) {
      mesh.startRelay(client, server);
      EchoClient armed = new EchoClient(client, server.v4(), PORT);
      assertThat(beforeArming.echo("a")).isEqualTo("a");
      assertThat(otherWay.echo("a")).isEqualTo("a");
      try (RedirectorState state = redirector.list(false)) {
        assertThat(state.pods()).extracting(PodState::state).containsOnly(CaptureState.ARMED);
      }

      redirector.disarm(client.uid());
      redirector.disarm(server.uid());
      assertThat(server.rules()).doesNotContain("REDIRECT");
      assertThat(armed.echo("b")).isEqualTo("b");
      assertThat(beforeArming.echo("b")).isEqualTo("b");
      assertThat(otherWay.echo("b")).isEqualTo("b");
      EchoClient direct = new EchoClient(client, server.v4(), PORT);
      armed.close();

      redirector.release(client.uid());
      redirector.release(server.uid());
      assertThat(server.rules()).isEqualTo(before);
      assertThat(beforeArming.echo("c")).isEqualTo("c");
      assertThat(otherWay.echo("c")).isEqualTo("c");
      assertThat(direct.echo("c")).isEqualTo("c");
      direct.close();
      assertThat(redirector.list(false).pods()).isEmpty();
    }
  }
}
