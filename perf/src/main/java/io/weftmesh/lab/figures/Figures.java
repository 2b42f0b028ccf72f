package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What Weft costs: memory, processor time per request beside HAProxy's for plain HTTP, and the time
 * from nothing to the first request served.
 *
 * <p>The ways are measured in turns, round by round, at one rate: what else the machine does falls
 * on all of them. Times are of the proxies' processes alone, as the kernel counts them, user and
 * system together; what the kernel does for no process in particular is in none of them.
 */
final class Figures {
  private static final int PER_SECOND = 2_000;
  private static final int HTTP = 8080;
  private static final Duration WARM_UP = Duration.ofSeconds(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final double MEGABYTE = 1 << 20;

  private final PrintStream out;
  private final int rounds;
  private final int seconds;

  Figures(PrintStream out, int rounds, int seconds) {
    this.out = out;
    this.rounds = rounds;
    this.seconds = seconds;
  }

  /** One way from a client to a server, and the processes that it costs. */
  private record Way(String name, Pod client, String address, int port, List<LabProcess> proxies) {}

  /** One measurement of a way. */
  private record Cost(double microsPerRequest, LoadReport report) {}

  /** Returns whether no request failed. */
  boolean run() throws IOException {
    long start = System.nanoTime();
    try (Lab lab = Lab.create("figures-" + ProcessHandle.current().pid(), 2)) {
      Mesh mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      Duration ready = Duration.ofNanos(System.nanoTime() - start);
      lab.apply(objects());
      mesh.awaitReady();
      Pod client = lab.pod("in/client");
      HttpConnection.getOnce(client.namespace(), lab.service("in/far"), 80, "/", TIMEOUT);
      line("from 'up' to every process ready", ready.toMillis() / 1e3, "s");
      line(
          "from 'up' to the first request served",
          Duration.ofNanos(System.nanoTime() - start).toMillis() / 1e3,
          "s");
      memory("idle", lab, mesh);
      startHaproxy(lab);
      return compare(lab, mesh);
    }
  }

  private static List<Manifest> objects() {
    return List.of(
        namespace("in", "    weftmesh.io/mesh: enabled"),
        namespace("out", "    weftmesh.io/mesh: disabled"),
        PodTemplate.named("in/client").on("node-1").serviceAccount("client").build(),
        PodTemplate.named("out/client").on("node-1").serviceAccount("client").build(),
        server("in/near", "node-1"),
        server("in/far", "node-2"),
        server("out/far", "node-2"),
        service("in/near"),
        service("in/far"));
  }

  private static Manifest namespace(String name, String label) {
    return Manifest.parse(
        fill(
            """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: %s
              labels:
            %s
            """,
            name, label));
  }

  private static Manifest server(String place, String node) {
    String name = place.substring(place.indexOf('/') + 1);
    return PodTemplate.named(place)
        .on(node)
        .label("app", name)
        .serviceAccount(name)
        .app(List.of("--http=" + HTTP))
        .build();
  }

  private static Manifest service(String place) {
    return ServiceTemplate.named(place)
        .selecting("app", place.substring(place.indexOf('/') + 1))
        .port("http", 80, HTTP)
        .build();
  }

  private static void startHaproxy(Lab lab) throws IOException {
    Path settings = lab.folder().path().resolve("haproxy.cfg");
    Files.writeString(
        settings,
        fill(
            """
            global
              nbthread 2
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            frontend all
              bind :8080
              default_backend server
            backend server
              server far %s:8080
            """,
            lab.pod("out/far").address()));
    lab.apply(
        PodTemplate.named("out/haproxy")
            .on("node-1")
            .serviceAccount("haproxy")
            .program("haproxy", List.of("haproxy", "-db", "-f", settings.toString()))
            .build());
    Pod client = lab.pod("out/client");
    Wait.until(() -> answers(client, lab.pod("out/haproxy").address()), "HAProxy to answer");
  }

  private static boolean answers(Pod client, String address) {
    try {
      return HttpConnection.getOnce(client.namespace(), address, HTTP, "/", TIMEOUT).status()
          == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean compare(Lab lab, Mesh mesh) {
    LabProcess near = mesh.nodeProxy("node-1");
    LabProcess far = mesh.nodeProxy("node-2");
    Pod client = lab.pod("in/client");
    List<Way> ways =
        List.of(
            new Way(
                "HAProxy, plain HTTP, one proxy",
                lab.pod("out/client"),
                lab.pod("out/haproxy").address(),
                HTTP,
                lab.processes(lab.pod("out/haproxy"))),
            new Way("Weft on one node", client, lab.service("in/near"), 80, List.of(near)),
            new Way(
                "Weft between nodes, mutual TLS, two proxies",
                client,
                lab.service("in/far"),
                80,
                List.of(near, far)));
    ways.forEach(way -> load(way, WARM_UP));
    List<List<Cost>> costs = new ArrayList<>();
    ways.forEach(way -> costs.add(new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < ways.size(); i++) {
        costs.get(i).add(measure(ways.get(i)));
      }
    }
    memory(fill("after %d requests/s", PER_SECOND), lab, mesh);
    out.println();
    out.print(
        fill(
            "%d rounds of %d s at %d requests/s on kept connections; the median round:%n%n",
            rounds, seconds, PER_SECOND));
    out.print(
        fill("%-46s %14s %9s %9s %9s %7s%n", "", "CPU/request", "ratio", "p50", "p99", "failed"));
    double peer = median(costs.getFirst()).microsPerRequest();
    int failed = 0;
    for (int i = 0; i < ways.size(); i++) {
      Cost cost = median(costs.get(i));
      int failures = costs.get(i).stream().mapToInt(c -> c.report().failures().size()).sum();
      failed += failures;
      out.print(
          fill(
              "%-46s %11.1f µs %9.2f %6d µs %6d µs %7d%n",
              ways.get(i).name(),
              cost.microsPerRequest(),
              cost.microsPerRequest() / peer,
              cost.report().quantile(0.5).toNanos() / 1000,
              cost.report().quantile(0.99).toNanos() / 1000,
              failures));
    }
    return failed == 0;
  }

  private Cost measure(Way way) {
    Duration before = cpuTime(way.proxies());
    LoadReport report = load(way, Duration.ofSeconds(seconds));
    Duration spent = cpuTime(way.proxies()).minus(before);
    return new Cost(spent.toNanos() / 1e3 / report.outcomes().size(), report);
  }

  private static LoadReport load(Way way, Duration length) {
    return Load.run(
        Load.Settings.keptAlive(way.client().namespace(), way.address(), way.port(), PER_SECOND)
            .count((int) (PER_SECOND * length.toSeconds())));
  }

  private static Duration cpuTime(List<LabProcess> processes) {
    return processes.stream().map(LabProcess::cpuTime).reduce(Duration.ZERO, Duration::plus);
  }

  private static Cost median(List<Cost> costs) {
    return costs.stream()
        .sorted((a, b) -> Double.compare(a.microsPerRequest(), b.microsPerRequest()))
        .toList()
        .get(costs.size() / 2);
  }

  private void memory(String when, Lab lab, Mesh mesh) {
    for (String node : lab.nodes()) {
      memory("redirector of " + node, when, mesh.redirector(node));
      memory("node-proxy of " + node, when, mesh.nodeProxy(node));
    }
    memory("ca", when, mesh.ca());
  }

  private void memory(String name, String when, LabProcess process) {
    line(name + ", resident, " + when, process.residentBytes() / MEGABYTE, "MiB");
  }

  private void line(String what, double value, String unit) {
    out.print(fill("%-60s %8.1f %s%n", what, value, unit));
  }
}
