package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Endpoints go away before anybody has heard of it. */
@MeshTest
class VanishedEndpointIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        Pods.server("in/near", "node-1", "both"),
        Pods.server("in/far", "node-2", "both"),
        Pods.service("in/both", "both"),
        Pods.service("in/nobody", "nobody"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"in/near", "in/far"})
  void requestsGoToAnotherEndpointWhenAnApplicationIsGone(String gone, Lab lab) {
    Pod pod = lab.pod(gone);
    lab.processes(pod).forEach(LabProcess::kill);
    LoadReport report = Load.run(requests(lab, "in/both").count(100));
    lab.restartContainers(pod);
    assertThat(report.failures()).isEmpty();
    assertThat(report.byPod()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"in/near", "in/far"})
  void tcpConnectionsGoToAnotherEndpointWhenAnApplicationIsGone(String gone, Lab lab)
      throws IOException {
    Pod pod = lab.pod(gone);
    lab.processes(pod).forEach(LabProcess::kill);
    try {
      for (int i = 0; i < 40; i++) {
        assertThat(firstByte(lab, "in/both", Pods.BANNER)).isEqualTo('2');
      }
    } finally {
      lab.restartContainers(pod);
    }
  }

  @Test
  void requestsGoToAnotherEndpointWhenAPodIsGoneAltogether(Lab lab, Mesh mesh) {
    lab.apply(
        Manifest.parse(
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: partly-gone
              namespace: in
            spec:
              ports:
                - name: http
                  port: 80
            """),
        Manifest.parse(
            """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: partly-gone
              namespace: in
              labels:
                kubernetes.io/service-name: partly-gone
            addressType: IPv4
            endpoints:
              - addresses: ["10.244.1.250"]
              - addresses: ["10.244.2.250"]
              - addresses: ["%s"]
            ports:
              - name: http
                port: 8080
            """
                .formatted(lab.pod("in/far").address())));
    // Before, the cluster's own forwarding takes requests to one of the three, whichever.
    Wait.until(() -> isKnown(lab, mesh, "in/partly-gone"), "the Service to be known");
    LoadReport report = Load.run(requests(lab, "in/partly-gone").count(60));
    assertThat(report.failures()).isEmpty();
    assertThat(report.byPod()).containsOnlyKeys("far");
    lab.delete(new ObjectKey("EndpointSlice", "in", "partly-gone"));
    lab.delete(new ObjectKey("Service", "in", "partly-gone"));
  }

  @Test
  void httpWithNoEndpointIsAnsweredWith503AndTheReason(Lab lab) throws IOException {
    HttpMessage answer =
        HttpConnection.getOnce(
            lab.pod("in/client").namespace(), lab.service("in/nobody"), 80, "/", TIMEOUT);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("x-weft-error")).isPresent();
    assertThat(answer.body()).contains("nobody");
  }

  @Test
  void otherConnectionWithNoEndpointIsReset(Lab lab) {
    assertThatThrownBy(() -> firstByte(lab, "in/nobody", Pods.BANNER))
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  private static boolean isKnown(Lab lab, Mesh mesh, String service) {
    Load.run(requests(lab, service).count(1));
    return mesh.metrics("node-1").sum("weft_requests_total", "destination_service", service + ":80")
        > 0;
  }

  private static Load.Settings requests(Lab lab, String service) {
    return Load.Settings.newConnections(
            lab.pod("in/client").namespace(), lab.service(service), 80, 50)
        .timeout(TIMEOUT);
  }

  private static int firstByte(Lab lab, String service, int port) throws IOException {
    try (Socket socket =
        PodSocket.connect(lab.pod("in/client").namespace(), lab.service(service), port, TIMEOUT)) {
      return socket.getInputStream().read();
    }
  }
}
