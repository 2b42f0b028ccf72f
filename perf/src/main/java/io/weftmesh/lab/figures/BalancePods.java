package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Eleven endpoints on two nodes, outside the mesh, so that the peer meets the very same; a Service
 * for each way of balancing, and a client inside for Weft and one outside for the peer.
 */
final class BalancePods {
  static final int ENDPOINTS = 11;

  /** Of the endpoints. */
  static final int HTTP = 8080;

  /** Of HAProxy. */
  static final int ROUND_ROBIN = 8080;

  static final int LEAST_CONNECTIONS = 8081;

  private static final String APP = "echo";

  private BalancePods() {}

  static List<Manifest> objects() {
    List<Manifest> objects = new ArrayList<>();
    objects.add(FigurePods.namespace("in", "enabled"));
    objects.add(FigurePods.namespace("out", "disabled"));
    for (String namespace : List.of("in", "out")) {
      objects.add(
          PodTemplate.named(namespace + "/client").on("node-1").serviceAccount("client").build());
    }
    for (int i = 0; i < ENDPOINTS; i++) {
      objects.add(
          PodTemplate.named(place(i))
              .on(i % 2 == 0 ? "node-1" : "node-2")
              .label("app", APP)
              .serviceAccount(APP)
              .app(List.of("--http=" + HTTP))
              .build());
    }
    return objects;
  }

  /**
   * A Service of all endpoints, and how Weft is to balance it.
   *
   * @param policy the part of a TrafficPolicy's spec that says so, of no indentation
   */
  static List<Manifest> service(String name, String policy) {
    return List.of(
        ServiceTemplate.named("out/" + name).selecting("app", APP).port("http", 80, HTTP).build(),
        Manifest.parse(
            fill(
                """
                apiVersion: policy.weftmesh.io/v1alpha1
                kind: TrafficPolicy
                metadata:
                  name: %1$s
                  namespace: out
                spec:
                  targetRef:
                    name: %1$s
                %2$s
                """,
                name, policy.stripTrailing().indent(2))));
  }

  static List<Pod> endpoints(Lab lab) {
    return IntStream.range(0, ENDPOINTS).mapToObj(i -> lab.pod(place(i))).toList();
  }

  static void startHaproxy(Lab lab) {
    String servers =
        endpoints(lab).stream()
            .map(pod -> fill("  server %s %s:%d%n", pod.manifest().name(), pod.address(), HTTP))
            .collect(Collectors.joining());
    Haproxy.start(
        lab,
        "out/haproxy",
        lab.pod("out/client"),
        ROUND_ROBIN,
        fill(
            """
            listen round-robin
              bind :8080
              balance roundrobin
            %1$slisten least-connections
              bind :8081
              balance leastconn
            %1$s\
            """,
            servers));
  }

  private static String place(int number) {
    return fill("out/%s-%d", APP, number);
  }
}
