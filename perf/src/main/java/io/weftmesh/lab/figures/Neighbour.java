package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.figures.Driver.Sample;
import io.weftmesh.lab.host.CpuPartition;
import io.weftmesh.lab.host.CpuPartition.Held;
import io.weftmesh.lab.host.LabProcess;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import io.weftmesh.lab.noise.Noise;
import io.weftmesh.lab.noise.NoiseCount;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one pod's load does to another pod of the same node. The quiet pod sends 200 requests a
 * second, alone and beside a noisy one; the ratio of its p99s is the figure. The ways are measured
 * in turns, alone and beside the noise one right after the other, since what else the machine does
 * falls on all of them.
 *
 * <p>The noisy pod's programs are held to a part of the processors, those of its bulk and those of
 * its requests to a half of that each, their servers included; everything else of the lab goes
 * before them. So it is the proxy that the two pods share, and not the machine. How much noise that
 * makes is told beside the ratio, and the way without a proxy shows what the machine alone does to
 * the quiet pod.
 */
final class Neighbour {
  private static final int PER_SECOND = 200;
  private static final int BULK = 4;
  private static final int CONNECTIONS = 2_000;
  private static final int HEADS = 200;
  private static final String NODE = "node-1";

  private final PrintStream out;
  private final int rounds;
  private final int seconds;
  private final double processors;
  private final Set<Kind> kinds;

  /**
   * @param processors what the noisy pod's clients and servers may have, together
   * @param kinds what noise it makes
   */
  Neighbour(PrintStream out, int rounds, int seconds, double processors, Set<Kind> kinds) {
    this.out = out;
    this.rounds = rounds;
    this.seconds = seconds;
    this.processors = processors;
    this.kinds = kinds;
  }

  /** What a pod can be too much with. */
  enum Kind {
    BULK,
    CONNECTIONS,
    HEADS
  }

  /** A place where the two pods meet. */
  private record Way(
      String name,
      Driver quiet,
      Pod noisy,
      List<NoisyPod.Program> noise,
      List<LabProcess> proxies) {}

  /** Where a way leads. */
  private record Addresses(String quiet, int quietPort, String noisy, int noisyPort, String sink) {}

  /**
   * One round of a way.
   *
   * @param proxyLoad how many processors the proxy took beside the noise
   */
  private record Round(Sample alone, Sample beside, NoiseCount noise, double proxyLoad) {
    double ratio() {
      return (double) beside.p99().toNanos() / alone.p99().toNanos();
    }

    int failed() {
      return alone.failed() + beside.failed();
    }
  }

  /** Returns whether none of the quiet pod's requests failed. */
  boolean run() {
    String name = "neighbour-" + ProcessHandle.current().pid();
    try (CpuPartition partition = CpuPartition.enter("weft-" + name);
        Lab lab = Lab.create(name, 1)) {
      Mesh mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      lab.apply(NeighbourPods.objects());
      mesh.awaitCaptured(
          lab.pod("in/" + NeighbourPods.QUIET_CLIENT), lab.pod("in/" + NeighbourPods.NOISY_CLIENT));
      NeighbourPods.startHaproxy(lab);
      Held bulk = partition.hold("bulk", processors / 2);
      Held requests = partition.hold("requests", processors / 2);
      for (String namespace : List.of("in", "out")) {
        lab.processes(lab.pod(namespace + "/" + NeighbourPods.SINK)).forEach(bulk::add);
        lab.processes(lab.pod(namespace + "/" + NeighbourPods.NOISY)).forEach(requests::add);
      }
      return compare(lab, ways(lab, mesh, bulk, requests));
    }
  }

  private List<Way> ways(Lab lab, Mesh mesh, Held bulk, Held requests) {
    String peer = lab.pod("out/haproxy").address();
    Addresses services =
        new Addresses(
            lab.service("in/" + NeighbourPods.QUIET),
            80,
            lab.service("in/" + NeighbourPods.NOISY),
            80,
            lab.service("in/" + NeighbourPods.SINK));
    Addresses haproxy =
        new Addresses(peer, NeighbourPods.HTTP, peer, NeighbourPods.NOISY_HTTP, peer);
    Addresses pods =
        new Addresses(
            lab.pod("out/" + NeighbourPods.QUIET).address(),
            NeighbourPods.HTTP,
            lab.pod("out/" + NeighbourPods.NOISY).address(),
            NeighbourPods.HTTP,
            lab.pod("out/" + NeighbourPods.SINK).address());
    return List.of(
        way("Weft", lab, "in", noise(services, bulk, requests), services, mesh.nodeProxy(NODE)),
        way(
            "HAProxy",
            lab,
            "out",
            noise(haproxy, bulk, requests),
            haproxy,
            lab.processes(lab.pod("out/haproxy")).toArray(LabProcess[]::new)),
        way("no proxy", lab, "out", noise(pods, bulk, requests), pods));
  }

  private static Way way(
      String name,
      Lab lab,
      String namespace,
      List<NoisyPod.Program> noise,
      Addresses addresses,
      LabProcess... proxies) {
    Pod quiet = lab.pod(namespace + "/" + NeighbourPods.QUIET_CLIENT);
    return new Way(
        name,
        new Driver.Http1(quiet, addresses.quiet(), addresses.quietPort(), "/"),
        lab.pod(namespace + "/" + NeighbourPods.NOISY_CLIENT),
        noise,
        List.of(proxies));
  }

  private List<NoisyPod.Program> noise(Addresses to, Held bulk, Held requests) {
    return List.of(
        new NoisyPod.Program(
            "bulk",
            to.sink(),
            new Noise.Level(NeighbourPods.DISCARD, level(Kind.BULK, BULK), 0, 0),
            bulk),
        new NoisyPod.Program(
            "requests",
            to.noisy(),
            new Noise.Level(
                to.noisyPort(), 0, level(Kind.CONNECTIONS, CONNECTIONS), level(Kind.HEADS, HEADS)),
            requests));
  }

  private int level(Kind kind, int full) {
    return kinds.contains(kind) ? full : 0;
  }

  private boolean compare(Lab lab, List<Way> ways) {
    header();
    ways.forEach(way -> round(lab, way));
    Map<Way, List<Round>> measured = new LinkedHashMap<>();
    for (int number = 1; number <= rounds; number++) {
      for (Way way : ways) {
        Round round = round(lab, way);
        measured.computeIfAbsent(way, first -> new ArrayList<>()).add(round);
        print(way.name() + ", round " + number, round);
      }
    }
    out.println();
    measured.forEach((way, all) -> print(way.name() + ", median", median(all)));
    return measured.values().stream().flatMap(List::stream).allMatch(round -> round.failed() == 0);
  }

  private Round round(Lab lab, Way way) {
    Sample alone = way.quiet().run(PER_SECOND, Duration.ofSeconds(seconds));
    try (NoisyPod noisy = NoisyPod.start(lab, way.noisy(), way.noise())) {
      NoiseCount before = noisy.count();
      Duration cpu = cpuTime(way);
      Sample beside = way.quiet().run(PER_SECOND, Duration.ofSeconds(seconds));
      Duration spent = cpuTime(way).minus(cpu);
      return new Round(alone, beside, noisy.count().since(before), spent.toNanos() / 1e9 / seconds);
    }
  }

  private static Duration cpuTime(Way way) {
    return way.proxies().stream().map(LabProcess::cpuTime).reduce(Duration.ZERO, Duration::plus);
  }

  /** The round of the median ratio. */
  private static Round median(List<Round> all) {
    return all.stream()
        .sorted(Comparator.comparingDouble(Round::ratio))
        .toList()
        .get(all.size() / 2);
  }

  private void header() {
    out.print(
        fill(
            "%d requests/s of the quiet pod for %d s, alone and beside %s held to %.1f"
                + " processors%n%n%-18s %21s %21s %6s %6s %6s  %s%n",
            PER_SECOND,
            seconds,
            kinds,
            processors,
            "",
            "alone: p50, p99 in µs",
            "beside: p50, p99",
            "ratio",
            "proxy",
            "failed",
            "noise"));
  }

  private void print(String name, Round round) {
    out.print(
        fill(
            "%-18s %12d %8d %12d %8d %6.2f %6.2f %6d  %s%n",
            name,
            micros(round.alone().p50()),
            micros(round.alone().p99()),
            micros(round.beside().p50()),
            micros(round.beside().p99()),
            round.ratio(),
            round.proxyLoad(),
            round.failed(),
            round.noise()));
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1_000;
  }
}
