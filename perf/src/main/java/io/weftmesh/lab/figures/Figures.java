package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.figures.Driver.Sample;
import io.weftmesh.lab.host.LabProcess;
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
  private record Way(String name, Driver driver, List<Proxy> proxies) {}

  /** A process that stands in the way. */
  private interface Proxy {
    Duration cpuTime();

    /** Bytes that it has taken from its heap; 0 for one without. */
    double allocatedBytes();
  }

  /** One measurement of a way. */
  private record Cost(double microsPerRequest, double bytesPerRequest, Sample sample) {}

  /** Returns whether no request failed. */
  boolean run() throws IOException {
    long start = System.nanoTime();
    try (Lab lab = Lab.create("figures-" + ProcessHandle.current().pid(), 2)) {
      Mesh mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      Duration ready = Duration.ofNanos(System.nanoTime() - start);
      lab.apply(FigurePods.objects());
      mesh.awaitReady();
      Pod client = lab.pod("in/client");
      HttpConnection.getOnce(client.namespace(), lab.service("in/far"), 80, "/", TIMEOUT);
      line("from 'up' to every process ready", ready.toMillis() / 1e3, "s");
      line(
          "from 'up' to the first request served",
          Duration.ofNanos(System.nanoTime() - start).toMillis() / 1e3,
          "s");
      memory("idle", lab, mesh);
      FigurePods.startHaproxy(lab);
      return compare(lab, mesh, ways(lab, mesh));
    }
  }

  private static List<Way> ways(Lab lab, Mesh mesh) throws IOException {
    List<Proxy> haproxy =
        lab.processes(lab.pod("out/haproxy")).stream().map(Figures::plain).toList();
    List<Proxy> near = List.of(node("node-1", mesh));
    List<Proxy> both = List.of(node("node-1", mesh), node("node-2", mesh));
    Pod inside = lab.pod("in/client");
    Pod outside = lab.pod("out/client");
    String peer = lab.pod("out/haproxy").address();
    return List.of(
        new Way(
            "HAProxy, HTTP/1.1", new Driver.Http1(outside, peer, FigurePods.HTTP, "/"), haproxy),
        new Way("one node, bytes alone (port named tcp)", http1(lab, "in/bytes"), near),
        new Way("one node, HTTP/1.1, no route", http1(lab, "in/near"), near),
        new Way("one node, HTTP/1.1, one HTTPRoute", http1(lab, "in/routed"), near),
        new Way(
            fill("one node, HTTP/1.1, %d routes of %d rules", FigurePods.ROUTES, FigurePods.RULES),
            http1(lab, "in/much-routed"),
            near),
        new Way("one node, HTTP/1.1, retries and time-out", http1(lab, "in/retried"), near),
        new Way("one node, HTTP/1.1, access by identity", http1(lab, "in/guarded"), near),
        new Way("one node, HTTP/1.1, access by method and path", http1(lab, "in/watched"), near),
        new Way(
            "one node, HTTP/1.1, metrics read each second",
            new Driver.Scraped(http1(lab, "in/near"), () -> mesh.metrics("node-1")),
            near),
        new Way("two nodes, HTTP/1.1, mutual TLS", http1(lab, "in/far"), both),
        new Way("HAProxy, HTTP/2", http2(lab, outside, peer + ":" + FigurePods.HTTP2), haproxy),
        new Way("one node, HTTP/2", http2(lab, inside, lab.service("in/near2")), near),
        new Way("HAProxy, gRPC unary", grpc(lab, outside, peer + ":" + FigurePods.GRPC), haproxy),
        new Way("one node, gRPC unary", grpc(lab, inside, lab.service("in/near3")), near));
  }

  private static Driver http1(Lab lab, String service) {
    return new Driver.Http1(lab.pod("in/client"), lab.service(service), 80, "/");
  }

  private static Driver http2(Lab lab, Pod client, String authority) {
    return new Driver.Http2(
        client,
        "http://" + authority + "/BSD",
        lab.folder().path().resolve("h2load.log"),
        List.of());
  }

  /** One small message each way. */
  private static Driver grpc(Lab lab, Pod client, String authority) throws IOException {
    Path message = lab.folder().path().resolve("message.grpc");
    // A message is not compressed, and 3 bytes long.
    Files.write(message, new byte[] {0, 0, 0, 0, 3, 'a', '=', '1'});
    return new Driver.Http2(
        client,
        "http://" + authority + "/figures.Echo/Call",
        lab.folder().path().resolve("h2load.log"),
        List.of(
            "--data=" + message,
            "--header=content-type: application/grpc",
            "--header=te: trailers"));
  }

  private static Proxy plain(LabProcess process) {
    return new Proxy() {
      @Override
      public Duration cpuTime() {
        return process.cpuTime();
      }

      @Override
      public double allocatedBytes() {
        return 0;
      }
    };
  }

  private static Proxy node(String node, Mesh mesh) {
    LabProcess process = mesh.nodeProxy(node);
    return new Proxy() {
      @Override
      public Duration cpuTime() {
        return process.cpuTime();
      }

      @Override
      public double allocatedBytes() {
        return mesh.metrics(node).sum("weft_heap_allocated_bytes");
      }
    };
  }

  private boolean compare(Lab lab, Mesh mesh, List<Way> ways) {
    ways.forEach(way -> way.driver().run(PER_SECOND, WARM_UP));
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
        fill(
            "%-46s %14s %9s %9s %9s %10s %7s%n",
            "", "CPU/request", "ratio", "p50", "p99", "heap", "failed"));
    int failed = 0;
    for (int i = 0; i < ways.size(); i++) {
      Cost cost = median(costs.get(i));
      int failures = costs.get(i).stream().mapToInt(c -> c.sample().failed()).sum();
      failed += failures;
      print(
          ways.get(i).name(), cost, cost.microsPerRequest() / ratioBase(costs, ways, i), failures);
    }
    return failed == 0;
  }

  /** Each way is held against the HAProxy that was named last before it. */
  private static double ratioBase(List<List<Cost>> costs, List<Way> ways, int way) {
    int peer = way;
    while (!ways.get(peer).name().startsWith("HAProxy")) {
      peer--;
    }
    return median(costs.get(peer)).microsPerRequest();
  }

  private void print(String name, Cost cost, double ratio, int failures) {
    out.print(
        fill(
            "%-46s %11.1f µs %9.2f %6d µs %6d µs %8.0f B %7d%n",
            name,
            cost.microsPerRequest(),
            ratio,
            cost.sample().p50().toNanos() / 1000,
            cost.sample().p99().toNanos() / 1000,
            cost.bytesPerRequest(),
            failures));
  }

  private Cost measure(Way way) {
    Duration before = cpuTime(way);
    double allocated = allocated(way);
    Sample sample = way.driver().run(PER_SECOND, Duration.ofSeconds(seconds));
    Duration spent = cpuTime(way).minus(before);
    return new Cost(
        spent.toNanos() / 1e3 / sample.requests(),
        (allocated(way) - allocated) / sample.requests(),
        sample);
  }

  private static Duration cpuTime(Way way) {
    return way.proxies().stream().map(Proxy::cpuTime).reduce(Duration.ZERO, Duration::plus);
  }

  private static double allocated(Way way) {
    return way.proxies().stream().mapToDouble(Proxy::allocatedBytes).sum();
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
