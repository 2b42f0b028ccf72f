package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import java.util.List;
import java.util.stream.Stream;

/**
 * A quiet client and a noisy one with a server each, all on one node: in the mesh, and outside of
 * it for the peer.
 */
final class NeighbourPods {
  static final String QUIET_CLIENT = "quiet-client";
  static final String NOISY_CLIENT = "noisy-client";
  static final String QUIET = "quiet";
  static final String NOISY = "noisy";

  /** Where the noisy one's bulk goes. */
  static final String SINK = "sink";

  /** Of the servers. */
  static final int HTTP = 8080;

  static final int DISCARD = 8082;

  /** Of HAProxy, for the noisy one. */
  static final int NOISY_HTTP = 8090;

  private static final String NODE = "node-1";

  private NeighbourPods() {}

  static List<Manifest> objects() {
    return Stream.concat(
            Stream.of(
                FigurePods.namespace("in", "enabled"), FigurePods.namespace("out", "disabled")),
            Stream.of("in", "out")
                .flatMap(namespace ->
                    Stream.of(
                        client(namespace, QUIET_CLIENT),
                        client(namespace, NOISY_CLIENT),
                        server(namespace, QUIET),
                        server(namespace, NOISY),
                        server(namespace, SINK),
                        service(namespace, QUIET),
                        service(namespace, NOISY),
                        service(namespace, SINK))))
        .toList();
  }

  static void startHaproxy(Lab lab) {
    Haproxy.start(
        lab,
        "out/haproxy",
        lab.pod("out/" + QUIET_CLIENT),
        HTTP,
        fill(
            """
            frontend quiet
              bind :8080
              default_backend quiet
            backend quiet
              server quiet %1$s:8080
            frontend noisy
              bind :8090
              default_backend noisy
            backend noisy
              server noisy %2$s:8080
            listen bulk
              mode tcp
              bind :8082
              server sink %3$s:8082
            """,
            lab.pod("out/" + QUIET).address(),
            lab.pod("out/" + NOISY).address(),
            lab.pod("out/" + SINK).address()));
  }

  private static Manifest client(String namespace, String name) {
    return PodTemplate.named(namespace + "/" + name).on(NODE).serviceAccount(name).build();
  }

  private static Manifest server(String namespace, String name) {
    return PodTemplate.named(namespace + "/" + name)
        .on(NODE)
        .label("app", name)
        .serviceAccount(name)
        .app(List.of("--http=" + HTTP, "--discard=" + DISCARD))
        .build();
  }

  private static Manifest service(String namespace, String name) {
    return ServiceTemplate.named(namespace + "/" + name)
        .selecting("app", name)
        .port("http", 80, HTTP)
        .port("tcp-discard", DISCARD, DISCARD)
        .build();
  }
}
