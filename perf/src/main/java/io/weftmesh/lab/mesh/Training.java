package io.weftmesh.lab.mesh;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Bulk;
import io.weftmesh.lab.client.GrpcConnection;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.LabProcess;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes the AOT caches of Weft's programs (JEP 483, 514, 515): runs a mesh with some of everything
 * that it does, and keeps what the JVMs have loaded, linked and profiled.
 *
 * <p>With them a node proxy is ready in a fraction of the time, which its pods spend waiting after
 * a crash, and has less memory of its own: classes are mapped from the file.
 */
public final class Training {
  private static final int HTTP = 8080;
  private static final int ECHO = 9000;
  private static final int BANNER = 2525;
  private static final int GRPC = 9090;
  private static final int REQUESTS = 1_000;
  private static final int CALLS = 300;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Training() {}

  /** Whether every program has a cache that was made of it as it is now. */
  public static boolean isDone() {
    return List.of(Program.values()).stream()
        .allMatch(program -> program.isTrained(Mesh.repository()));
  }

  /** Trains, and leaves each program's cache beside its jar. */
  public static void run() throws IOException {
    try (Lab lab = Lab.create("training-" + ProcessHandle.current().pid(), 2)) {
      Mesh mesh = Mesh.install(lab, new MeshSettings(MeshSettings.DEFAULT.leafLifetime(), true));
      lab.apply(objects());
      mesh.awaitReady();
      exercise(lab, mesh);
      Map<Program, LabProcess> trained =
          Map.of(
              Program.NODE_PROXY, mesh.nodeProxy("node-1"),
              Program.CA, mesh.ca(),
              Program.REDIRECTOR, mesh.redirector("node-1"));
      trained.values().forEach(LabProcess::terminate);
      for (Map.Entry<Program, LabProcess> entry : trained.entrySet()) {
        keep(mesh, entry.getKey(), entry.getValue());
      }
    }
  }

  private static List<Manifest> objects() {
    List<Manifest> objects = new ArrayList<>(policies());
    objects.addAll(routes());
    objects.addAll(
        List.of(
            Manifest.parse(
                """
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: in
                  labels:
                    weftmesh.io/mesh: enabled
                """),
            Manifest.parse(
                """
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: out
                """),
            server("in/near", "node-1"),
            server("in/far", "node-2"),
            server("out/outside", "node-2"),
            PodTemplate.named("in/late").on("node-1").serviceAccount("late").build(),
            service("in/all"),
            service("in/some"),
            service("in/routed"),
            service("out/all")));
    return objects;
  }

  private static List<Manifest> policies() {
    return List.of(
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficShift
            metadata:
              name: some
              namespace: in
            spec:
              service: some
              backends:
                - service: all
                  weight: 90
                - service: some
                  weight: 10
            """),
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficPolicy
            metadata:
              name: all
              namespace: in
            spec:
              targetRef:
                name: all
              retries:
                attempts: 2
                statusCodes: [503]
              timeouts:
                request: 10s
            """),
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: MeshSecurity
            metadata:
              name: default
              namespace: in
            spec:
              mode: PERMISSIVE
            """),
        Manifest.parse(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: AccessPolicy
            metadata:
              name: all
              namespace: in
            spec:
              action: Deny
              rules:
                - ports: [8080]
                  http:
                    - path: {prefix: /secret}
            """));
  }

  private static List<Manifest> routes() {
    return List.of(
        Manifest.parse(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata:
              name: routed
              namespace: in
            spec:
              parentRefs:
                - {group: "", kind: Service, name: routed, port: 80}
              rules:
                - matches:
                    - path: {type: PathPrefix, value: /old}
                      headers: [{name: version, value: two}]
                  filters:
                    - type: URLRewrite
                      urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}
                    - type: RequestHeaderModifier
                      requestHeaderModifier: {set: [{name: x-seen, value: "1"}]}
                  backendRefs:
                    - {name: all, port: 80}
                - backendRefs:
                    - {name: all, port: 80, weight: 1}
                    - {name: routed, port: 80, weight: 1}
            """),
        Manifest.parse(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: GRPCRoute
            metadata:
              name: routed
              namespace: in
            spec:
              parentRefs:
                - {group: "", kind: Service, name: routed, port: 9090}
              rules:
                - matches:
                    - method: {service: training.Echo, method: Call}
                  backendRefs:
                    - {name: all, port: 9090}
            """));
  }

  private static Manifest server(String place, String node) {
    return PodTemplate.named(place)
        .on(node)
        .label("app", "server")
        .serviceAccount(place.substring(place.indexOf('/') + 1))
        .app(
            List.of(
                "--http=" + HTTP,
                "--echo=" + ECHO,
                "--banner=" + BANNER,
                "--grpc=" + GRPC,
                "--fail-every=9"))
        .build();
  }

  private static Manifest service(String place) {
    return ServiceTemplate.named(place)
        .selecting("app", "server")
        .port("http", 80, HTTP)
        .port("web", 81, HTTP)
        .port("echo", ECHO, ECHO)
        .port("banner", BANNER, BANNER)
        .port("grpc", GRPC, GRPC)
        .build();
  }

  /** Both directions, both families, same node and other node, in the mesh and out of it. */
  private static void exercise(Lab lab, Mesh mesh) throws IOException {
    for (String from : List.of("in/near", "in/far", "out/outside")) {
      Pod client = lab.pod(from);
      for (String service : List.of("in/all", "in/some", "in/routed", "out/all")) {
        String address = lab.service(service);
        for (int port : List.of(80, 81)) {
          Load.run(Load.Settings.newConnections(client.namespace(), address, port, 200).count(100));
        }
        Load.run(Load.Settings.keptAlive(client.namespace(), address, 80, 1_000).count(REQUESTS));
        transfer(client, address, ECHO);
        firstByte(client, address, BANNER);
        calls(client, address);
      }
      transfer(client, lab.pod("in/near").address6(), ECHO);
      transfer(client, lab.pod("in/far").address6(), ECHO);
    }
    // A pod that leaves, as one that came.
    lab.delete(lab.pod("in/late").manifest().key());
    for (String node : lab.nodes()) {
      mesh.explain(node, "from=in/near&to=http://routed.in/old/page&header=version:two");
      mesh.metrics(node);
      mesh.notReady(node);
    }
    mesh.caMetrics();
  }

  private static void calls(Pod client, String address) {
    try (GrpcConnection connection =
        GrpcConnection.open(client.namespace(), address, GRPC, "routed.in")) {
      for (int i = 0; i < CALLS; i++) {
        connection.unary("training.Echo/Call", "text=1", Map.of("version", "two"), TIMEOUT);
      }
    }
  }

  private static void transfer(Pod client, String address, int port) throws IOException {
    try (Socket socket = PodSocket.connect(client.namespace(), address, port, TIMEOUT)) {
      for (int i = 0; i < 100; i++) {
        Bulk.write(socket.getOutputStream(), 20_000);
        Bulk.digest(socket.getInputStream(), 20_000);
      }
    }
  }

  private static void firstByte(Pod client, String address, int port) throws IOException {
    try (Socket socket = PodSocket.connect(client.namespace(), address, port, TIMEOUT)) {
      socket.getInputStream().read();
    }
  }

  private static void keep(Mesh mesh, Program program, LabProcess process) throws IOException {
    Path made = mesh.files().training(program);
    if (!process.awaitEnd(LIMIT) || !Files.exists(made)) {
      throw new IllegalStateException(
          fill("%s has left no AOT cache: %s", process, process.logTail(4_000)));
    }
    Path next = program.cache(Mesh.repository()).resolveSibling(made.getFileName() + ".next");
    Files.copy(made, next, StandardCopyOption.REPLACE_EXISTING);
    Files.move(next, program.cache(Mesh.repository()), StandardCopyOption.ATOMIC_MOVE);
  }
}
