package io.weftmesh.redirector;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.HeldPod;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodState;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.RedirectorState;
import io.weftmesh.redirector.testnet.EchoClient;
import io.weftmesh.redirector.testnet.JavaProcess;
import io.weftmesh.redirector.testnet.Shell;
import io.weftmesh.redirector.testnet.TestPod;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The end of either process, and of both. */
class HandoverTest {
  private static final int PORT = 8080;

  private Mesh mesh;
  private TestPod client;
  private TestPod server;
  private JavaProcess redirector;

  @BeforeEach
  void start() throws Exception {
    mesh = new Mesh();
    client = mesh.network.addPod();
    server = mesh.network.addPod();
    server.serveEcho(PORT);
    redirector = mesh.startRedirector();
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void noConnectionIsRefusedWhileNodeProxyIsRestarted() throws Exception {
    JavaProcess relay = mesh.startRelay(server);
    relay.kill();

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> waiting = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        waiting.add(
            threads.submit(() -> {
              try (EchoClient connection = new EchoClient(client, server.v4(), PORT)) {
                return connection.seenAs();
              }
            }));
      }
      assertThat(waiting).noneMatch(Future::isDone);
      mesh.startRelay(server);
      for (Future<String> connection : waiting) {
        assertThat(connection.get(20, SECONDS)).isEqualTo(client.v4().getHostAddress());
      }
    }
  }

  @Test
  void trafficIsUndisturbedWhileTheRedirectorIsRestarted() throws Exception {
    JavaProcess relay = mesh.startRelay(client, server);
    try (EchoClient open = new EchoClient(client, server.v4(), PORT)) {
      redirector.kill();
      relay.await("lost");
      assertThat(open.echo("a")).isEqualTo("a");
      try (EchoClient fresh = new EchoClient(client, server.v4(), PORT)) {
        assertThat(fresh.echo("b")).isEqualTo("b");
      }
      redirector = mesh.startRedirector();
      relay.await("restored");

      assertThat(open.echo("c")).isEqualTo("c");
    }
    TestPod later = mesh.network.addPod();
    mesh.startRelay(later);
    try (EchoClient fromLater = new EchoClient(later, server.v6(), PORT);
        RedirectorState state = mesh.connect().list(true)) {
      assertThat(fromLater.seenAs()).isEqualTo(later.v6().getHostAddress());
      assertThat(state.pods()).hasSize(3);
      assertThat(state.pods()).extracting(PodState::state).containsOnly(CaptureState.ARMED);
    }
  }

  @Test
  void refusesRatherThanConnectsInPlaintextWhenBothAreGone() throws Exception {
    JavaProcess relay = mesh.startRelay(client);
    String rules = client.rules();
    redirector.kill();
    relay.kill();

    assertThatThrownBy(() -> new EchoClient(client, server.v4(), PORT))
        .isInstanceOf(ConnectException.class);

    mesh.startRedirector();
    OpenedPod adopted = mesh.connect().open(client.ref());
    adopted.listeners().close();
    assertThat(adopted.state()).isEqualTo(CaptureState.ARMED);
    assertThat(client.rules()).isEqualTo(rules);
    mesh.startRelay(client);
    try (EchoClient again = new EchoClient(client, server.v4(), PORT)) {
      assertThat(again.echo("hello")).isEqualTo("hello");
    }
  }

  @Test
  void sigtermReleasesNothing() throws Exception {
    mesh.startRelay(client, server);
    try (EchoClient open = new EchoClient(client, server.v4(), PORT)) {
      redirector.terminate();

      assertThat(server.rules()).contains("REDIRECT");
      try (EchoClient fresh = new EchoClient(client, server.v4(), PORT)) {
        assertThat(fresh.echo("a")).isEqualTo("a");
      }
      assertThat(open.echo("b")).isEqualTo("b");
    }
  }

  @Test
  void aNewGenerationGetsTheSameListenersAndBothAccept() throws Exception {
    JavaProcess old = mesh.startRelay(server);
    mesh.startRelay(server);
    CompletableFuture<Void> killed = CompletableFuture.runAsync(old::kill);
    List<EchoClient> connections = new ArrayList<>();
    killed.get(20, SECONDS);
    for (int i = 0; i < 50; i++) {
      connections.add(new EchoClient(client, server.v4(), PORT));
    }
    for (EchoClient connection : connections) {
      assertThat(connection.echo("hello")).isEqualTo("hello");
      connection.close();
    }
  }

  @Test
  void listenersAreTakenBackOnlyForTheNamespaceThatTheyAreOf() throws Exception {
    RedirectorClient before = mesh.connect();
    OpenedPod ofServer = before.open(server.ref());
    OpenedPod ofClient = before.open(client.ref());
    redirector.kill();
    mesh.startRedirector();
    RedirectorClient after = mesh.connect();

    assertThatThrownBy(() -> after.restore(new HeldPod(client.ref(), ofServer.listeners())))
        .isInstanceOfSatisfying(
            RedirectorException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.NOT_ITS_LISTENERS));
    assertThat(after.restore(new HeldPod(client.ref(), ofClient.listeners())))
        .isEqualTo(CaptureState.OPENED);
    assertThat(after.restore(new HeldPod(server.ref(), ofServer.listeners())))
        .isEqualTo(CaptureState.OPENED);
    ofServer.close();
    ofClient.close();
  }

  @Test
  void theRedirectorLivesInANamespaceWithoutAnInterfaceThatIsUp() {
    String pid = Long.toString(redirector.pid());

    assertThat(Shell.run("nsenter --net=/proc/" + pid + "/ns/net ip -oneline link show up"))
        .isEmpty();
    assertThat(Shell.run("find /proc/" + pid + "/task -name net -path */ns/net -printf %l\\n"))
        .satisfies(links -> assertThat(links.lines().distinct()).hasSize(1));
    // Nothing of the first run was left open: standard streams, class files, socket, namespace.
    assertThat(Shell.run("ls /proc/" + pid + "/fd").lines()).hasSizeLessThanOrEqualTo(9);
  }
}
