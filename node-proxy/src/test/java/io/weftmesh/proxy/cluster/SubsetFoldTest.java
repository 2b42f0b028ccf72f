package io.weftmesh.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Endpoints are told apart by the labels that the mesh's directory tells of their pods. */
class SubsetFoldTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final Backend.Service V1 = new Backend.Service(ECHO, Map.of("version", "v1"));
  private static final Backend.Service V2 = new Backend.Service(ECHO, Map.of("version", "v2"));

  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: echo, namespace: shop}
      spec: {clusterIPs: [10.96.0.1], ports: [{name: http, port: 80}]}
      ---
      """;
  private static final String SHIFT =
      """
      apiVersion: policy.weftmesh.io/v1alpha1
      kind: TrafficShift
      metadata: {name: echo, namespace: shop}
      spec:
        service: echo
        backends: [{labels: {version: v1}, weight: 90}, {labels: {version: v2}, weight: 10}]
      ---
      """;

  private final ToldLabels labels = new ToldLabels();
  private final SnapshotFold fold = new SnapshotFold("node-a", labels);

  @BeforeEach
  void tellTheLabelsOfThreePods() {
    labels.carry("version");
    labels.tell("uid-1", Map.of("version", "v1"));
    labels.tell("uid-2", Map.of("version", "v2"));
    labels.tell("uid-3", Map.of());
  }

  @Test
  void anEndpointBelongsToTheSubsetThatItsPodHasTheLabelsOf() {
    Snapshot snapshot = fold(SERVICE, SHIFT, slice("1", "2", "3", "4"));

    assertThat(hosts(snapshot.endpoints(ECHO, IpFamily.IPV4))).containsExactly("1", "2", "3", "4");
    assertThat(hosts(snapshot.endpoints(V1, IpFamily.IPV4))).containsExactly("1");
    assertThat(hosts(snapshot.endpoints(V2, IpFamily.IPV4))).containsExactly("2");
    assertThat(snapshot.has(V1)).isTrue();
    assertThat(snapshot.has(new Backend.Service(ECHO))).isTrue();
    assertThat(snapshot.has(new Backend.Service(ECHO, Map.of("version", "v3")))).isFalse();
  }

  @Test
  void anEndpointMovesWhenItsLabelsDo() {
    fold(SERVICE, SHIFT, slice("1", "2"));

    labels.tell("uid-1", Map.of("version", "v2"));
    Snapshot snapshot = fold(SERVICE, SHIFT, slice("1", "2"));

    assertThat(hosts(snapshot.endpoints(V1, IpFamily.IPV4))).isEmpty();
    assertThat(hosts(snapshot.endpoints(V2, IpFamily.IPV4))).containsExactly("1", "2");
  }

  @Test
  void aPodThatNobodyHasToldOfBelongsToNoSubset() {
    fold(SERVICE, SHIFT, slice("1", "2"));

    labels.forget("uid-2");
    Snapshot snapshot = fold(SERVICE, SHIFT, slice("1", "2"));

    assertThat(hosts(snapshot.endpoints(V1, IpFamily.IPV4))).containsExactly("1");
    assertThat(hosts(snapshot.endpoints(V2, IpFamily.IPV4))).isEmpty();
  }

  @Test
  void aSubsetThatDidNotChangeIsTheSameObject() {
    Snapshot before = fold(SERVICE, SHIFT, slice("1", "2"));

    labels.tell("uid-3", Map.of("version", "v2"));
    Snapshot after = fold(SERVICE, SHIFT, slice("1", "2", "3"));

    assertThat(after.endpoints(V1, IpFamily.IPV4)).isSameAs(before.endpoints(V1, IpFamily.IPV4));
    assertThat(hosts(after.endpoints(V2, IpFamily.IPV4))).containsExactly("2", "3");
  }

  @Test
  void aSubsetChoosesAmongItsPodsAsAServiceOfItsOwnWould() {
    String terminating =
        slice("1", "2")
            .replace(
                "uid: uid-2}",
                "uid: uid-2}, conditions: {ready: false, serving: true, terminating: true}");

    Snapshot snapshot = fold(SERVICE, SHIFT, terminating);

    assertThat(hosts(snapshot.endpoints(ECHO, IpFamily.IPV4))).containsExactly("1");
    assertThat(hosts(snapshot.endpoints(V2, IpFamily.IPV4)))
        .as("terminating, and better than nothing")
        .containsExactly("2");
  }

  @Test
  void aShiftWaitsUntilItsLabelsAreToldAndWhatWasInForceGoesOn() {
    fold(SERVICE, SHIFT, slice("1", "2"));
    String byTrack =
        SHIFT.replace("version: v1", "track: stable").replace("version: v2", "track: canary");

    SnapshotFold.Folded waiting = folded(SERVICE, byTrack, slice("1", "2"));
    assertThat(backends(waiting.snapshot())).containsExactly(V1, V2);
    assertThat(waiting.problems())
        .singleElement()
        .asString()
        .startsWith(
            "TrafficShift shop/echo: the ca has not told which pods have the labels [track]")
        .endsWith("what was in force before goes on");

    labels.carry("track", "version");
    SnapshotFold.Folded inForce = folded(SERVICE, byTrack, slice("1", "2"));
    assertThat(backends(inForce.snapshot()))
        .extracting(Backend::toString)
        .containsExactly("shop/echo:80[track=stable]", "shop/echo:80[track=canary]");
    assertThat(inForce.problems()).isEmpty();
  }

  @Test
  void aNewShiftThatWaitsShiftsNothing() {
    labels.carry();
    fold(SERVICE, slice("1", "2"));

    Snapshot waiting = fold(SERVICE, SHIFT, slice("1", "2"));
    assertThat(backends(waiting)).containsExactly(new Backend.Service(ECHO));

    labels.carry("version");
    assertThat(backends(fold(SERVICE, SHIFT, slice("1", "2")))).containsExactly(V1, V2);
  }

  @Test
  void aShiftWhoseLabelsAreToldNoMoreShiftsNothing() {
    fold(SERVICE, SHIFT, slice("1", "2"));

    labels.carry("track");
    SnapshotFold.Folded held = folded(SERVICE, SHIFT, slice("1", "2"));

    assertThat(backends(held.snapshot())).containsExactly(new Backend.Service(ECHO));
    assertThat(held.problems()).singleElement().asString().endsWith("it shifts nothing");
    labels.carry("version");
    assertThat(backends(fold(SERVICE, SHIFT, slice("1", "2")))).containsExactly(V1, V2);
  }

  @Test
  void whatWasInForceDoesNotGoOnWithoutItsLabels() {
    fold(SERVICE, SHIFT, slice("1", "2"));
    String byTrack = SHIFT.replace("version:", "track:");

    labels.carry();

    assertThat(backends(fold(SERVICE, byTrack, slice("1", "2"))))
        .containsExactly(new Backend.Service(ECHO));
  }

  @Test
  void aShiftThatIsThereWhenTheProxyStartsKeepsTheDoorClosedUntilItsLabelsAreTold() {
    ToldLabels nothing = new ToldLabels();
    SnapshotFold starting = new SnapshotFold("node-a", nothing);

    SnapshotFold.Folded started = folded(starting, SERVICE, SHIFT, slice("1"));
    SnapshotFold.Folded again = folded(starting, SERVICE, SHIFT, slice("1"));

    for (SnapshotFold.Folded folded : List.of(started, again)) {
      assertThat(folded.labelled()).isFalse();
      assertThat(backends(folded.snapshot())).containsExactly(V1, V2);
      assertThat(hosts(folded.snapshot().endpoints(V1, IpFamily.IPV4))).isEmpty();
      assertThat(folded.problems()).singleElement().asString().endsWith("answered with 503");
    }
  }

  @Test
  void aShiftThatTheCaDoesNotTellTheLabelsOfOpensTheDoorAndShiftsNothing() {
    ToldLabels others = new ToldLabels();
    SnapshotFold starting = new SnapshotFold("node-a", others);
    folded(starting, SERVICE, SHIFT, slice("1"));

    others.carry("track");
    SnapshotFold.Folded told = folded(starting, SERVICE, SHIFT, slice("1"));
    SnapshotFold.Folded toldAtOnce =
        folded(new SnapshotFold("node-a", others), SERVICE, SHIFT, slice("1"));

    for (SnapshotFold.Folded folded : List.of(told, toldAtOnce)) {
      assertThat(folded.labelled()).isTrue();
      assertThat(backends(folded.snapshot())).containsExactly(new Backend.Service(ECHO));
      assertThat(folded.problems())
          .containsExactly(
              "TrafficShift shop/echo: the ca has not told which pods have the labels [version];"
                  + " until it does, it shifts nothing");
    }
  }

  private Snapshot fold(String... manifests) {
    return folded(manifests).snapshot();
  }

  private SnapshotFold.Folded folded(String... manifests) {
    return folded(fold, manifests);
  }

  private static SnapshotFold.Folded folded(SnapshotFold fold, String... manifests) {
    return fold.fold(Objects.read(String.join("", manifests)));
  }

  private static List<Backend> backends(Snapshot snapshot) {
    ServicePort port = snapshot.servicePort(ECHO);
    assertThat(port).isNotNull();
    return snapshot.routes(port, "shop").connection().backends().backends().stream()
        .map(WeightedBackend::backend)
        .toList();
  }

  private static List<String> hosts(EndpointSet set) {
    return set.ready().stream()
        .map(endpoint -> endpoint.address().getAddress().getHostAddress())
        .map(address -> address.substring(address.lastIndexOf('.') + 1))
        .toList();
  }

  /** Ready endpoints, 10.1.0.HOST of the pod with the UID uid-HOST. */
  private static String slice(String... hosts) {
    StringBuilder slice =
        new StringBuilder(
            """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: echo-1, namespace: shop, labels: {kubernetes.io/service-name: echo}}
            addressType: IPv4
            ports: [{name: http, port: 8080}]
            endpoints:
            """);
    for (String host : hosts) {
      slice.append(
          "- {addresses: [10.1.0.%s], targetRef: {kind: Pod, uid: uid-%s}}\n"
              .formatted(host, host));
    }
    return slice.append("---\n").toString();
  }
}
