package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.mesh.Mesh;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever lies between, an application sees the pod that called it. */
@MeshTest
class ClientAddressIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"),
        Pods.server("out/near", "node-1", "near"),
        Pods.server("out/far", "node-2", "far"),
        Pods.service("in/near", "near"),
        Pods.service("in/far", "far"),
        Pods.service("out/near", "near"),
        Pods.service("out/far", "far"));
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @ParameterizedTest(name = "{0} calls {1}")
  @CsvSource({
    "in/client, in/near",
    "in/client, in/far",
    "in/client, out/near",
    "in/client, out/far",
    "out/client, in/near",
    "out/client, in/far"
  })
  void applicationSeesTheClientPod(String from, String to, Lab lab) throws IOException {
    Pod client = lab.pod(from);
    for (String address : new String[] {lab.pod(to).address(), lab.service(to)}) {
      int httpPort = address.equals(lab.service(to)) ? 80 : Pods.HTTP;
      assertThat(get(client, address, httpPort)).contains(peer(client.address()));
      assertThat(banner(client, address)).endsWith(" greets " + client.address());
    }
  }

  @ParameterizedTest(name = "{0} calls {1}")
  @CsvSource({"in/client, in/near", "in/client, in/far", "out/client, in/far"})
  void applicationSeesTheClientPodOverIpv6(String from, String to, Lab lab) throws IOException {
    Pod client = lab.pod(from);
    String seen = banner(client, lab.pod(to).address6());
    assertThat(seen).endsWith(" greets " + expanded(client.address6()));
  }

  @ParameterizedTest
  @CsvSource({"in/near", "in/far"})
  void podThatCallsItselfThroughItsServiceSeesItself(String place, Lab lab) throws IOException {
    Pod pod = lab.pod(place);
    assertThat(get(pod, lab.service(place), 80))
        .contains("\"pod\":\"" + pod.manifest().name() + "\"")
        .contains(peer(pod.address()));
    assertThat(banner(pod, lab.service(place))).endsWith(" greets " + pod.address());
  }

  @Test
  void podThatCallsItsOwnAddressSeesItself(Lab lab) throws IOException {
    Pod pod = lab.pod("in/near");
    assertThat(get(pod, pod.address(), Pods.HTTP)).contains(peer(pod.address()));
    assertThat(get(pod, "127.0.0.1", Pods.HTTP)).contains(peer("127.0.0.1"));
  }

  private static String get(Pod from, String address, int port) throws IOException {
    HttpMessage response = HttpConnection.getOnce(from.namespace(), address, port, "/", TIMEOUT);
    assertThat(response.status()).as(response.toString()).isEqualTo(200);
    return response.body();
  }

  private static String banner(Pod from, String address) throws IOException {
    try (Socket socket = PodSocket.connect(from.namespace(), address, Pods.BANNER, TIMEOUT)) {
      return new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
          .readLine();
    }
  }

  private static String peer(String address) {
    return "\"peer\":\"" + address + "\"";
  }

  /** As Java writes it: without leaving out zeros. */
  private static String expanded(String address6) {
    return InetAddress.ofLiteral(address6).getHostAddress();
  }
}
