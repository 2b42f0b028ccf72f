package io.weftmesh.lab.figures;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Turn;
import io.weftmesh.lab.host.CpuPartition;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import io.weftmesh.lab.mesh.MeshSettings;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/**
 * What balancing is for, beside HAProxy's in the same run and with the same eleven endpoints, which
 * answer after 10 ms: a minute of 1,000 requests a second in which one endpoint takes 2 s for half
 * of the time, where clients wait for one; an endpoint that fails within a millisecond; and a
 * deploy that breaks all of them.
 *
 * <p>Shares are what is told here, not times: they say how a balancer decides, and a slow machine
 * changes little of it.
 */
final class Balance {
  private static final int PER_SECOND = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration WARM_UP = Duration.ofSeconds(10);
  private static final Duration STEADY = Duration.ofSeconds(15);
  private static final Duration SLOW = Duration.ofSeconds(30);
  private static final Duration FAILING = Duration.ofSeconds(10);
  private static final Duration BROKEN = Duration.ofSeconds(5);
  private static final String WELL = "delay=10";

  private final PrintStream out;

  Balance(PrintStream out) {
    this.out = out;
  }

  /** One balancer in front of all endpoints. */
  private record Way(String name, Pod client, String address, int port) {}

  /** Measures all of it. */
  void run() {
    String name = "balance-" + ProcessHandle.current().pid();
    try (CpuPartition _ = CpuPartition.enter("weft-" + name);
        Lab lab = Lab.create(name, 2)) {
      Mesh mesh = Mesh.install(lab, MeshSettings.DEFAULT);
      lab.apply(BalancePods.objects());
      lab.apply(BalancePods.service("ewma", "loadBalancing: {algorithm: PeakEwma}"));
      lab.apply(BalancePods.service("least", "loadBalancing: {algorithm: LeastRequest}"));
      lab.apply(BalancePods.service("robin", "loadBalancing: {algorithm: RoundRobin}"));
      lab.apply(BalancePods.service("ejecting", "outlierEjection: {}"));
      mesh.awaitCaptured(lab.pod("in/client"));
      BalancePods.startHaproxy(lab);
      turnAll(lab, WELL);
      List<Way> ways = ways(lab);
      ways.forEach(way -> run(way, WARM_UP));
      header();
      ways.forEach(way -> compare(lab, way));
      breakAll(lab, weft(lab, "Weft, PeakEwma, ejecting", "ejecting"));
    }
  }

  private static List<Way> ways(Lab lab) {
    return List.of(
        weft(lab, "Weft, PeakEwma", "ewma"),
        weft(lab, "Weft, LeastRequest", "least"),
        weft(lab, "Weft, RoundRobin", "robin"),
        haproxy(lab, "HAProxy, roundrobin", BalancePods.ROUND_ROBIN),
        haproxy(lab, "HAProxy, leastconn", BalancePods.LEAST_CONNECTIONS));
  }

  private static Way weft(Lab lab, String name, String service) {
    return new Way(name, lab.pod("in/client"), lab.service("out/" + service), 80);
  }

  private static Way haproxy(Lab lab, String name, int port) {
    return new Way(name, lab.pod("out/client"), lab.pod("out/haproxy").address(), port);
  }

  private void compare(Lab lab, Way way) {
    Pod odd = BalancePods.endpoints(lab).get(3);
    LoadReport minute;
    try (Load load = start(way)) {
      await(load, STEADY);
      turn(lab, odd, "delay=2000");
      await(load, STEADY.plus(SLOW));
      turn(lab, odd, WELL);
      await(load, STEADY.plus(SLOW).plus(STEADY));
      minute = load.stop();
    }
    turn(lab, odd, "status=503");
    LoadReport failing = run(way, FAILING);
    turn(lab, odd, WELL);
    LoadReport slow = minute.between(STEADY, STEADY.plus(SLOW));
    long share = failing.answeredByPod().getOrDefault(odd.manifest().name(), 0L);
    out.print(
        fill(
            "%-28s %9.2f %% %8d %8d %7d ms %11.2f %%%n",
            way.name(),
            minute.percentGood(),
            slow.failures().size(),
            minute.failures().size() - slow.failures().size(),
            minute.quantile(0.99).toMillis(),
            100.0 * share / failing.outcomes().size()));
  }

  private void header() {
    out.print(
        fill(
            """
            %d requests/s to %d endpoints. For %d s of %d one of them takes 2 s, and clients wait for
            %d s; then for %d s one of them fails at once. Its fair share is %.2f %%.

            %-28s %11s %8s %8s %10s %13s%n\
            """,
            PER_SECOND,
            BalancePods.ENDPOINTS,
            SLOW.toSeconds(),
            SLOW.plus(STEADY).plus(STEADY).toSeconds(),
            PATIENCE.toSeconds(),
            FAILING.toSeconds(),
            100.0 / BalancePods.ENDPOINTS,
            "",
            "one slow:",
            "meanwhile",
            "else",
            "p99",
            "one failing:"));
  }

  /** How many endpoints still serve when all are broken, and how soon all is well again. */
  private void breakAll(Lab lab, Way way) {
    turnAll(lab, WELL);
    try (Load load = start(way)) {
      await(load, STEADY);
      turnAll(lab, "status=503");
      Duration broken = load.elapsed();
      await(load, broken.plus(BROKEN));
      // A second, since in less than that chance may leave an endpoint out.
      LoadReport last = load.report().between(broken.plus(BROKEN).minusSeconds(1), load.elapsed());
      turnAll(lab, WELL);
      Duration mended = load.elapsed();
      Wait.until(
          () ->
              load.report().between(load.elapsed().minusSeconds(1), load.elapsed()).byPod().size()
                  == BalancePods.ENDPOINTS,
          "every endpoint to serve again");
      Duration allBack = load.elapsed().minus(mended);
      LoadReport after = load.stop().between(mended, Duration.ofHours(1));
      out.print(
          fill(
              "%n%s, all endpoints broken: %d of %d still get requests, %d of %d answers are"
                  + " theirs; mended, %d of %d requests failed, every endpoint served after %.1f"
                  + " s%n",
              way.name(),
              last.answeredByPod().size(),
              BalancePods.ENDPOINTS,
              last.outcomes().stream().filter(outcome -> !outcome.pod().isEmpty()).count(),
              last.outcomes().size(),
              after.failures().size(),
              after.outcomes().size(),
              allBack.toMillis() / 1e3));
    }
  }

  private static Load start(Way way) {
    return Load.start(settings(way));
  }

  private static LoadReport run(Way way, Duration length) {
    return Load.run(settings(way).count((int) (PER_SECOND * length.toSeconds())));
  }

  private static Load.Settings settings(Way way) {
    return Load.Settings.keptAlive(way.client().namespace(), way.address(), way.port(), PER_SECOND)
        .timeout(PATIENCE);
  }

  private static void await(Load load, Duration until) {
    Wait.until(() -> load.elapsed().compareTo(until) >= 0, Duration.ofMinutes(2));
  }

  private static void turnAll(Lab lab, String query) {
    BalancePods.endpoints(lab).forEach(pod -> turn(lab, pod, query));
  }

  private static void turn(Lab lab, Pod pod, String query) {
    Turn.pod(lab.network(pod.node()).namespace(), pod, BalancePods.HTTP, query);
  }
}
