package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.Scrape;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Client captured or not, server captured or not, on one node or two, PERMISSIVE or STRICT: who
 * reaches whom, and what the metrics of both sides say of it.
 */
@MeshTest
class CaptureMatrixIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** One cell of the matrix. */
  record Call(boolean clientCaptured, boolean serverCaptured, boolean sameNode, boolean strict) {
    String client() {
      return clientCaptured ? "in/client" : "out/client";
    }

    String server() {
      String mode = serverCaptured ? (strict ? "strict" : "permissive") : "out";
      return mode + "/" + (sameNode ? "near" : "far");
    }

    String serverNode() {
      return sameNode ? "node-1" : "node-2";
    }

    boolean works() {
      return clientCaptured || !serverCaptured || !strict;
    }

    String security() {
      return clientCaptured && serverCaptured ? (sameNode ? "same_node" : "mtls") : "plaintext";
    }

    @Override
    public String toString() {
      return client() + " calls " + server() + " on " + serverNode();
    }
  }

  static Stream<Call> calls() {
    List<Boolean> both = List.of(true, false);
    return both.stream()
        .flatMap(client ->
            both.stream()
                .flatMap(server ->
                    both.stream()
                        .flatMap(same ->
                            both.stream().map(strict -> new Call(client, server, same, strict)))));
  }

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.meshed("permissive"),
        Pods.meshed("strict"),
        Pods.strict("strict"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"));
    for (String namespace : List.of("out", "permissive", "strict")) {
      lab.apply(
          Pods.server(namespace + "/near", "node-1", "near"),
          Pods.server(namespace + "/far", "node-2", "far"),
          Pods.service(namespace + "/near", "near"),
          Pods.service(namespace + "/far", "far"));
    }
    mesh.awaitCaptured(
        lab.pod("in/client"),
        lab.pod("permissive/near"),
        lab.pod("permissive/far"),
        lab.pod("strict/near"),
        lab.pod("strict/far"));
  }

  @ParameterizedTest
  @MethodSource("calls")
  void httpReachesWhomItMay(Call call, Lab lab, Mesh mesh) {
    Pod server = lab.pod(call.server());
    double outboundBefore = outbound(call, mesh);
    double inboundBefore = inbound(call, mesh);

    assertThat(get(lab, call, lab.service(call.server()), 80).map(HttpMessage::status))
        .isEqualTo(call.works() ? Optional.of(200) : Optional.empty());
    assertThat(get(lab, call, server.address(), Pods.HTTP).map(HttpMessage::status))
        .isEqualTo(call.works() ? Optional.of(200) : Optional.empty());

    if (call.clientCaptured()) {
      // The direct call to the pod's address is of no Service, and so not among these.
      Wait.until(() -> outbound(call, mesh) >= outboundBefore + 1, "the client side's metrics");
    }
    if (call.serverCaptured() && call.works()) {
      Wait.until(() -> inbound(call, mesh) >= inboundBefore + 2, "the server side's metrics");
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void otherTcpReachesWhomItMay(Call call, Lab lab) {
    for (String address : List.of(lab.service(call.server()), lab.pod(call.server()).address())) {
      assertThat(echoes(lab, call, address)).isEqualTo(call.works());
    }
  }

  private static double outbound(Call call, Mesh mesh) {
    return mesh.metrics("node-1")
        .sum(
            "weft_requests_total",
            "direction",
            "outbound",
            "source_workload",
            call.client(),
            "destination_service",
            call.server() + ":80",
            "response_code",
            "200",
            "security",
            call.security());
  }

  private static double inbound(Call call, Mesh mesh) {
    Scrape metrics = mesh.metrics(call.serverNode());
    return metrics.sum(
        "weft_tcp_connections_opened_total",
        "direction",
        "inbound",
        "source_workload",
        call.clientCaptured() ? call.client() : "",
        "security",
        call.security());
  }

  private static Optional<HttpMessage> get(Lab lab, Call call, String address, int port) {
    try {
      return Optional.of(
          HttpConnection.getOnce(lab.pod(call.client()).namespace(), address, port, "/", TIMEOUT));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean echoes(Lab lab, Call call, String address) {
    try (Socket socket =
        PodSocket.connect(lab.pod(call.client()).namespace(), address, Pods.ECHO, TIMEOUT)) {
      socket.getOutputStream().write('w');
      return socket.getInputStream().read() == 'w';
    } catch (IOException e) {
      return false;
    }
  }
}
