package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.Load;
import io.weftmesh.lab.client.LoadReport;
import io.weftmesh.lab.client.Outcome;
import io.weftmesh.lab.client.Turn;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What balancing is for, with eleven endpoints on both nodes. Shares are asserted on, never times,
 * at a rate that leaves a small machine in peace, since one that cannot keep up loses requests
 * whoever balances them. {@code perf/lab.sh balance} does the same at 1,000 requests a second,
 * beside other algorithms and a peer.
 */
@MeshTest
class BalancerIT {
  private static final int ENDPOINTS = 11;
  private static final int PER_SECOND = 300;
  private static final Duration WARM_UP = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final String WELL = "delay=10";

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("in"),
        Pods.client("in/client", "node-1"),
        ServiceTemplate.named("in/balanced")
            .selecting("app", "echo")
            .port("http", 80, Pods.HTTP)
            .build(),
        ServiceTemplate.named("in/ejecting")
            .selecting("app", "echo")
            .port("http", 80, Pods.HTTP)
            .build(),
        ejection("ejecting"));
    lab.apply(IntStream.range(0, ENDPOINTS).mapToObj(BalancerIT::endpoint).toList());
    mesh.awaitCaptured(lab.pod("in/client"));
    mesh.awaitCaptured(endpoints(lab).toArray(Pod[]::new));
  }

  @BeforeEach
  void allAreWell(Lab lab) {
    turnAll(lab, WELL);
  }

  /** One in 1,000 may fail, where round robin fails one in 20. */
  @Test
  void anEndpointThatTurnsSlowCostsNextToNoRequests(Lab lab) {
    Pod slow = endpoints(lab).get(3);
    try (Load load = Load.start(settings(lab, "in/balanced"))) {
      await(load, WARM_UP);
      turn(lab, slow, "delay=2000");
      await(load, WARM_UP.plusSeconds(30));
      turn(lab, slow, WELL);
      await(load, WARM_UP.plusSeconds(40));

      LoadReport report = load.stop().between(WARM_UP, Duration.ofHours(1));
      assertThat(report.percentGood()).as("of %s", report).isGreaterThanOrEqualTo(99.9);
    }
  }

  @Test
  void anEndpointThatFailsFastGetsNoMoreThanItsFairShare(Lab lab) {
    Pod failing = endpoints(lab).get(4);
    turn(lab, failing, "status=503");

    LoadReport report = Load.run(settings(lab, "in/balanced").count(5 * PER_SECOND));

    assertThat(report.answeredByPod().getOrDefault(failing.manifest().name(), 0L))
        .as("of %s", report)
        .isLessThanOrEqualTo(report.outcomes().size() / ENDPOINTS);
  }

  @Test
  void aDeployThatBreaksAllEndpointsLeavesHalfOfThemInUse(Lab lab) {
    try (Load load = Load.start(settings(lab, "in/ejecting"))) {
      Wait.until(() -> load.report().byPod().size() == ENDPOINTS, "every endpoint to answer");
      turnAll(lab, "status=503");
      Duration broken = load.elapsed();
      await(load, broken.plusSeconds(5));
      LoadReport whileBroken = load.report().between(broken.plusSeconds(4), broken.plusSeconds(5));
      turnAll(lab, WELL);
      Duration mended = load.elapsed();
      Wait.until(
          () -> load.report().between(mended, load.elapsed()).byPod().size() == ENDPOINTS,
          "every endpoint to serve again");
      LoadReport all = load.stop();

      // Half of them are out, rounded down, and not yet tried again.
      assertThat(whileBroken.answeredByPod()).hasSize(ENDPOINTS - ENDPOINTS / 2);
      assertThat(all.outcomes())
          .as("answers that no application gave")
          .noneMatch(outcome -> outcome.kind() == Outcome.Kind.STATUS && outcome.pod().isEmpty());
      // What was under way may still fail; nobody is left out who is well.
      assertThat(all.between(mended.plusSeconds(1), Duration.ofHours(1)).failures()).isEmpty();
    }
  }

  private static Load.Settings settings(Lab lab, String service) {
    return Load.Settings.keptAlive(
            lab.pod("in/client").namespace(), lab.service(service), 80, PER_SECOND)
        .timeout(PATIENCE);
  }

  private static Manifest endpoint(int number) {
    return PodTemplate.named("in/echo-" + number)
        .on(number % 2 == 0 ? "node-1" : "node-2")
        .label("app", "echo")
        .serviceAccount("echo")
        .app(List.of("--http=" + Pods.HTTP))
        .build();
  }

  private static Manifest ejection(String service) {
    return Manifest.parse(
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficPolicy
        metadata:
          name: %1$s
          namespace: in
        spec:
          targetRef:
            name: %1$s
          outlierEjection:
            baseEjectionTime: 10s
        """
            .formatted(service));
  }

  private static List<Pod> endpoints(Lab lab) {
    return IntStream.range(0, ENDPOINTS).mapToObj(i -> lab.pod("in/echo-" + i)).toList();
  }

  private static void await(Load load, Duration until) {
    Wait.until(() -> load.elapsed().compareTo(until) >= 0, Duration.ofMinutes(1));
  }

  private static void turnAll(Lab lab, String query) {
    endpoints(lab).forEach(pod -> turn(lab, pod, query));
  }

  /** Past all balancing, as the node's kubelet could. */
  private static void turn(Lab lab, Pod pod, String query) {
    Turn.pod(lab.network(pod.node()).namespace(), pod, Pods.HTTP, query);
  }
}
