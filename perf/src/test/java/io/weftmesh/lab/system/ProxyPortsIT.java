package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.NetworkNamespace;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The proxy's own ports, called by everybody in every way. A proxy that connects to one of them on
 * behalf of an application calls itself until it is out of descriptors.
 */
@MeshTest
class ProxyPortsIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final byte[] REQUEST =
      "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".getBytes(ISO_8859_1);
  private static final int[] PORTS = {15001, 15006, 15008, 15020};

  /** Sockets are leased in batches of up to 64, and some are kept. */
  private static final int LEASED_AHEAD = 200;

  private final Map<String, Integer> descriptors = new TreeMap<>();
  private final Map<String, Double> sockets = new TreeMap<>();

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.plain("out"),
        Pods.client("in/client", "node-1"),
        Pods.client("out/client", "node-1"),
        Pods.server("in/near", "node-1", "near"),
        Pods.server("in/far", "node-2", "far"));
    for (String app : List.of("near", "far")) {
      ServiceTemplate service = ServiceTemplate.named("in/" + app).selecting("app", app);
      for (int port : PORTS) {
        service.port("http-" + port, port, port);
        service.port("tcp-" + port, port + 1_000, port);
      }
      lab.apply(service.dualStack().build());
    }
    mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/near"), lab.pod("in/far"));
  }

  @AfterAll
  static void deletePods(Lab lab) {
    lab.delete(
        new ObjectKey("Service", "in", "near"),
        new ObjectKey("Service", "in", "far"),
        new ObjectKey("Pod", "in", "client"),
        new ObjectKey("Pod", "out", "client"),
        new ObjectKey("Pod", "in", "near"),
        new ObjectKey("Pod", "in", "far"));
  }

  @BeforeEach
  void countSockets(Lab lab, Mesh mesh) {
    for (String node : lab.nodes()) {
      descriptors.put(node, mesh.nodeProxy(node).openDescriptors());
      sockets.put(node, openSockets(mesh, node));
    }
  }

  /** Tunnels stay open for a while. */
  @AfterEach
  void nothingIsLeftOpen(Lab lab, Mesh mesh) {
    mesh.awaitReady();
    for (String node : lab.nodes()) {
      Wait.until(() -> openSockets(mesh, node) <= sockets.get(node) + 8, "the sockets of " + node);
      assertThat(mesh.nodeProxy(node).openDescriptors())
          .isLessThan(descriptors.get(node) + LEASED_AHEAD);
    }
  }

  /**
   * Where a call comes from.
   *
   * @param name of a pod, or of a node whose own namespace it is
   */
  record Caller(String name, boolean captured) {
    NetworkNamespace namespace(Lab lab) {
      return name.startsWith("node-") ? lab.network(name).namespace() : lab.pod(name).namespace();
    }

    boolean is(Pod pod) {
      return name.equals(pod.place());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Caller> callers() {
    return Stream.of(
        new Caller("in/client", true),
        new Caller("in/near", true),
        new Caller("in/far", true),
        new Caller("out/client", false),
        new Caller("node-1", false),
        new Caller("node-2", false));
  }

  @ParameterizedTest
  @MethodSource("callers")
  void noPortOfACapturedPodIsServed(Caller caller, Lab lab) throws IOException {
    for (String place : List.of("in/near", "in/far")) {
      Pod pod = lab.pod(place);
      for (String address : List.of(pod.address(), pod.address6())) {
        for (int port : PORTS) {
          Answer answer = call(caller.namespace(lab), address, port);
          assertThat(answer).as("%s to %s port %d", caller, pod, port).matches(Answer::isRefusal);
          if (caller.captured() && !caller.is(pod)) {
            // Whoever asks in HTTP through the mesh is told why.
            assertThat(answer.text()).contains(" 503 ", "x-weft-error: unreachable");
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("callers")
  void noServiceLeadsToThem(Caller caller, Lab lab) throws IOException {
    for (String service : List.of("in/near", "in/far")) {
      for (int port : PORTS) {
        Answer http = call(caller.namespace(lab), lab.service(service), port);
        assertThat(http).as("%s to %s port %d", caller, service, port).matches(Answer::isRefusal);
        if (caller.captured()) {
          assertThat(http.text()).contains(" 503 ", "x-weft-error: unreachable");
        }
        assertThat(call(caller.namespace(lab), lab.service(service), port + 1_000))
            .as("%s to %s port %d, not declared as HTTP", caller, service, port)
            .matches(Answer::isRefusal);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"in/near", "in/far"})
  void podThatCallsTheProxyInItselfIsRefused(String place, Lab lab) throws IOException {
    Pod pod = lab.pod(place);
    List<String> own = new ArrayList<>(List.of("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1"));
    own.add(pod.address());
    own.add(pod.address6());
    for (String address : own) {
      for (int port : PORTS) {
        assertThat(call(pod.namespace(), address, port))
            .as("%s to %s port %d", pod, address, port)
            .matches(Answer::isRefusal);
      }
    }
  }

  /** As further networks give a pod, and nobody tells Kubernetes of. */
  @ParameterizedTest
  @ValueSource(strings = {"10.99.0.1", "fd99::1"})
  void addressThatNobodyKnowsOfIsNoWayRound(String address, Lab lab) throws IOException {
    Pod pod = lab.pod("in/near");
    String length = address.indexOf(':') >= 0 ? "/128" : "/32";
    pod.namespace().ip("addr add " + address + length + " dev lo");
    try {
      for (int port : PORTS) {
        assertThat(call(pod.namespace(), address, port))
            .as("%s to %s port %d", pod, address, port)
            .matches(Answer::isRefusal);
      }
      // The address itself is as good as any other.
      assertThat(get(pod.namespace(), address, Pods.HTTP).status()).isEqualTo(200);
    } finally {
      pod.namespace().ip("addr del " + address + length + " dev lo");
    }
  }

  @ParameterizedTest
  @MethodSource("callers")
  void proxysOwnPodServesItsMetricsAlone(Caller caller, Lab lab, Mesh mesh) throws IOException {
    for (String node : lab.nodes()) {
      Pod proxy = mesh.proxyPod(node);
      for (String address : List.of(proxy.address(), proxy.address6())) {
        for (int port : PORTS) {
          Answer answer = call(caller.namespace(lab), address, port);
          if (port == Mesh.METRICS_PORT) {
            assertThat(answer.text()).as("%s to %s", caller, proxy).startsWith("HTTP/1.1 200");
          } else {
            assertThat(answer)
                .as("%s to %s port %d", caller, proxy, port)
                .matches(Answer::isRefusal);
          }
        }
      }
    }
  }

  @Test
  void proxysOwnPodReachesNoneOfThemEither(Lab lab, Mesh mesh) throws IOException {
    for (String node : lab.nodes()) {
      Pod proxy = mesh.proxyPod(node);
      for (String address : List.of("127.0.0.1", "::1", proxy.address(), proxy.address6())) {
        for (int port : PORTS) {
          Answer answer = call(proxy.namespace(), address, port);
          assertThat(answer.isRefusal())
              .as("%s to port %d: %s", proxy, port, answer)
              .isEqualTo(port != Mesh.METRICS_PORT);
        }
      }
    }
  }

  private static Answer call(NetworkNamespace from, String address, int port) throws IOException {
    return Answer.to(REQUEST, from, address, port);
  }

  private static HttpMessage get(NetworkNamespace from, String address, int port)
      throws IOException {
    return HttpConnection.getOnce(from, address, port, "/", TIMEOUT);
  }

  private static double openSockets(Mesh mesh, String node) {
    return mesh.metrics(node).sum("weft_sockets_open");
  }
}
