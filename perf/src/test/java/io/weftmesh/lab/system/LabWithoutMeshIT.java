package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.LabProcess;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the tests of the mesh take for granted. */
@LabTest
class LabWithoutMeshIT {
  private static final Duration SOON = Duration.ofSeconds(5);

  @BeforeAll
  static void startPods(Lab lab) {
    lab.apply(
        ServiceTemplate.named("shop/echo")
            .selecting("app", "echo")
            .port("http", 80, 8080)
            .dualStack()
            .build(),
        ServiceTemplate.named("shop/nobody")
            .selecting("app", "nobody")
            .port("http", 80, 8080)
            .build(),
        PodTemplate.named("shop/client").on("node-1").build(),
        echo("echo-1", "node-1"),
        echo("echo-2", "node-2"));
  }

  private static Manifest echo(String name, String node) {
    return PodTemplate.named("shop/" + name)
        .on(node)
        .label("app", "echo")
        .app(List.of("--http=8080"))
        .build();
  }

  @Test
  void podsSeeEachOthersOwnAddressOnOneNodeAndAcrossNodes(Lab lab) throws IOException {
    Pod client = lab.pod("shop/client");
    for (String server : List.of("shop/echo-1", "shop/echo-2")) {
      assertThat(get(client, lab.pod(server).address(), 8080)).contains(peer(client.address()));
      assertThat(get(client, lab.pod(server).address6(), 8080))
          .contains("\"peer\":\"fd77:244:0:1:");
    }
  }

  @Test
  void serviceSpreadsConnectionsOverItsEndpoints(Lab lab) {
    LoadReport report =
        Load.run(
            Load.Settings.newConnections(
                    lab.pod("shop/client").namespace(), lab.service("shop/echo"), 80, 500)
                .count(200));
    assertThat(report.failures()).isEmpty();
    assertThat(report.byPod()).containsOnlyKeys("echo-1", "echo-2");
    assertThat(report.byPod().values()).allMatch(count -> count > 60);
  }

  @Test
  void serviceWithoutEndpointsRefuses(Lab lab) {
    assertThatThrownBy(() -> get(lab.pod("shop/client"), lab.service("shop/nobody"), 80))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void podReachesItselfThroughItsService(Lab lab) throws IOException {
    Pod echo = lab.pod("shop/echo-1");
    lab.setReady(lab.pod("shop/echo-2"), false);
    assertThat(get(echo, lab.service("shop/echo"), 80)).contains("\"pod\":\"echo-1\"");
    lab.setReady(lab.pod("shop/echo-2"), true);
  }

  @Test
  void programsInPodsKnowServicesByName(Lab lab) {
    assertThat(lab.pod("shop/client").command("curl", "-s", "http://echo.shop.svc/a?b=c").run())
        .contains("\"request\":\"GET /a?b=c HTTP/1.1\"")
        .contains("[\"Host\",\"echo.shop.svc\"]");
  }

  @Test
  void deletedPodLeavesNeitherProcessNorNamespaceNorEndpoint(Lab lab) {
    lab.apply(echo("short-lived", "node-2"));
    Pod pod = lab.pod("shop/short-lived");
    long inode = pod.namespace().inode();
    List<LabProcess> processes = lab.processes(pod);
    assertThat(processes).hasSize(1).allMatch(LabProcess::alive);

    lab.delete(new ObjectKey("Pod", "shop", "short-lived"));

    assertThat(processes).noneMatch(LabProcess::alive);
    assertThat(Files.exists(pod.namespace().file())).isFalse();
    assertThat(Command.of("lsns", "-n", "-t", "net", "-o", "NS").run())
        .doesNotContain(Long.toString(inode));
    assertThat(lab.manifests().all("EndpointSlice").toString()).doesNotContain(pod.address());
  }

  @Test
  void machinesOwnNetworkIsLeftAlone(Lab lab) {
    assertThat(lab.nodes()).hasSize(2);
    assertThat(Command.of("ip", "-br", "link").run()).doesNotContain("veth").doesNotContain("pod");
  }

  private static String get(Pod from, String address, int port) throws IOException {
    HttpMessage response = HttpConnection.getOnce(from.namespace(), address, port, "/", SOON);
    assertThat(response.status()).isEqualTo(200);
    return response.body();
  }

  private static String peer(String address) {
    return "\"peer\":\"" + address + "\"";
  }
}
