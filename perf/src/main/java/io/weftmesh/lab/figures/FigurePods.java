package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import java.util.ArrayList;
import java.util.List;

/** The pods, Services, routes and the peer that figures are taken of. */
final class FigurePods {
  static final int HTTP = 8080;
  static final int HTTP2 = 8081;
  static final int GRPC = 8082;

  /** Of the Service that many routes are attached to. */
  static final int ROUTES = 100;

  static final int RULES = 10;

  private FigurePods() {}

  static List<Manifest> objects() {
    List<Manifest> objects =
        new ArrayList<>(
            List.of(
                namespace("in", "enabled"),
                namespace("out", "disabled"),
                PodTemplate.named("in/client").on("node-1").serviceAccount("client").build(),
                PodTemplate.named("out/client").on("node-1").serviceAccount("client").build(),
                server("in/near", "node-1"),
                server("in/far", "node-2"),
                server("out/far", "node-2"),
                server("in/guarded", "node-1"),
                server("in/watched", "node-1"),
                http2Server("in/near2", "node-1"),
                http2Server("out/far2", "node-2"),
                grpcServer("in/near3", "node-1"),
                grpcServer("out/far3", "node-2"),
                service("in/near", "near", "http", HTTP),
                service("in/far", "far", "http", HTTP),
                service("in/bytes", "near", "tcp", HTTP),
                service("in/routed", "near", "http", HTTP),
                service("in/much-routed", "near", "http", HTTP),
                service("in/retried", "near", "http", HTTP),
                service("in/guarded", "guarded", "http", HTTP),
                service("in/watched", "watched", "http", HTTP),
                service("in/near2", "near2", "http2", HTTP2),
                service("in/near3", "near3", "grpc", GRPC),
                route("one", "routed", "/"),
                retries("retried"),
                allow("guarded", ""),
                allow("watched", "    http: [{methods: [GET], path: {prefix: /}}]")));
    for (int i = 0; i < ROUTES; i++) {
      objects.add(route("many-" + i, "much-routed", "/none-" + i + "-"));
    }
    objects.add(route("last", "much-routed", "/"));
    return objects;
  }

  /** Plain proxies for HTTP/1.1 and HTTP/2 in a pod outside the mesh, on the client's node. */
  static void startHaproxy(Lab lab) {
    Haproxy.start(
        lab,
        "out/haproxy",
        lab.pod("out/client"),
        HTTP,
        fill(
            """
            frontend http1
              bind :8080
              default_backend http1
            backend http1
              server far %s:8080
            frontend http2
              bind :8081 proto h2
              default_backend http2
            backend http2
              server far2 %s:8081 proto h2
            frontend grpc
              bind :8082 proto h2
              default_backend grpc
            backend grpc
              server far3 %s:8082 proto h2
            """,
            lab.pod("out/far").address(),
            lab.pod("out/far2").address(),
            lab.pod("out/far3").address()));
  }

  static Manifest namespace(String name, String mesh) {
    return Manifest.parse(
        fill(
            """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: %s
              labels:
                weftmesh.io/mesh: %s
            """,
            name, mesh));
  }

  private static Manifest server(String place, String node) {
    return pod(place, node).app(List.of("--http=" + HTTP)).build();
  }

  private static Manifest http2Server(String place, String node) {
    return pod(place, node)
        .program(
            "nghttpd",
            List.of("nghttpd", "--no-tls", "--htdocs=/usr/share/common-licenses", "" + HTTP2))
        .build();
  }

  private static Manifest grpcServer(String place, String node) {
    return pod(place, node).app(List.of("--grpc=" + GRPC)).build();
  }

  private static PodTemplate pod(String place, String node) {
    String name = place.substring(place.indexOf('/') + 1);
    return PodTemplate.named(place).on(node).label("app", name).serviceAccount(name);
  }

  private static Manifest service(String place, String app, String portName, int targetPort) {
    return ServiceTemplate.named(place)
        .selecting("app", app)
        .port(portName, 80, targetPort)
        .build();
  }

  /** A route of {@value #RULES} rules, whose paths begin with a prefix and a number. */
  private static Manifest route(String name, String service, String prefix) {
    StringBuilder rules = new StringBuilder();
    boolean one = prefix.equals("/");
    for (int i = 0; i < (one ? 1 : RULES); i++) {
      rules.append(
          fill(
              """
                  - matches:
                      - path:
                          type: PathPrefix
                          value: "%s"
                    backendRefs:
                      - name: near
                        port: 80
              """,
              one ? prefix : prefix + i));
    }
    return Manifest.parse(
        fill(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata:
              name: %s
              namespace: in
            spec:
              parentRefs:
                - group: ""
                  kind: Service
                  name: %s
              rules:
            %s
            """,
            name, service, rules));
  }

  private static Manifest retries(String service) {
    return Manifest.parse(
        fill(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficPolicy
            metadata:
              name: %1$s
              namespace: in
            spec:
              targetRef:
                name: %1$s
              timeouts:
                request: 5s
              retries:
                attempts: 3
                statusCodes: [502, 503, 504]
            """,
            service));
  }

  /** The client alone may call these pods. */
  private static Manifest allow(String app, String http) {
    return Manifest.parse(
        fill(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: AccessPolicy
            metadata:
              name: %1$s
              namespace: in
            spec:
              selector:
                matchLabels:
                  app: %1$s
              action: Allow
              rules:
              - from: [{namespace: in, serviceAccount: client}]
            %2$s
            """,
            app, http));
  }
}
