package io.weftmesh.proxy.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestSourceTest {
  private static final String SHOP =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {weftmesh.io/mesh: enabled}}
      ---
      apiVersion: v1
      kind: Pod
      metadata:
        name: cart-6d4b-x7
        namespace: shop
        uid: 11111111-2222
        labels: {pod-template-hash: 6d4b}
        annotations: {weftmesh.io/exclude-outbound-ports: "3306, 5432"}
        ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: cart-6d4b, uid: a, controller: true}]
      spec:
        nodeName: node-1
        serviceAccountName: cart
        containers:
        - name: cart
          ports: [{name: web, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: web}}
      status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}, {ip: "fd00::5"}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: cart, namespace: shop}
      spec:
        clusterIP: 10.96.0.1
        clusterIPs: [10.96.0.1]
        ports: [{name: http-web, port: 80, targetPort: web}]
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: cart-1, namespace: shop, labels: {kubernetes.io/service-name: cart}}
      addressType: IPv4
      ports: [{name: http-web, port: 8080}]
      endpoints:
      - addresses: [10.1.0.5]
        nodeName: node-1
        conditions: {ready: true}
        targetRef: {kind: Pod, name: cart-6d4b-x7, namespace: shop, uid: 11111111-2222}
      - addresses: [10.1.1.6]
        nodeName: node-2
        conditions: {ready: false}
      """;

  private static final String SHIFT =
      """
      apiVersion: policy.weftmesh.io/v1alpha1
      kind: TrafficShift
      metadata: {name: cart, namespace: shop}
      spec:
        service: cart
        backends: [{service: cart, weight: 90}, {service: cart-next, weight: 10}]
      """;

  @TempDir Path folder;
  private final SnapshotHolder holder = new SnapshotHolder();
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final ToldLabels labels = new ToldLabels();
  private ManifestSource source;

  @BeforeEach
  void follow() throws IOException {
    write("shop.yaml", SHOP);
    source = ManifestSource.follow(folder, "node-1", labels, holder, new Metrics(), scheduler);
  }

  @AfterEach
  void stop() {
    source.close();
    scheduler.shutdownNow();
  }

  @Test
  void publishesThePodsOfTheOwnNodeWithAllThatCaptureNeeds() {
    Workload pod = holder.get().localPod("11111111-2222");

    assertThat(source.notReady()).isEmpty();
    assertThat(pod.workload()).isEqualTo("cart");
    assertThat(pod.serviceAccount()).isEqualTo("cart");
    assertThat(pod.addresses())
        .containsExactly(InetAddress.ofLiteral("10.1.0.5"), InetAddress.ofLiteral("fd00::5"));
    assertThat(pod.exclusions().outboundPorts()).containsExactlyInAnyOrder(3306, 5432);
    assertThat(pod.probes())
        .singleElement()
        .satisfies(probe -> assertThat(probe.port()).isEqualTo(8080));
  }

  @Test
  void findsServicesAndPodsByTheirAddresses() {
    Snapshot snapshot = holder.get();

    assertThat(snapshot.destination(InetAddress.ofLiteral("10.96.0.1"), 80))
        .isInstanceOf(Destination.ServiceDestination.class);
    assertThat(snapshot.destination(InetAddress.ofLiteral("10.96.0.1"), 81))
        .isInstanceOf(Destination.UnservedPort.class);
    assertThat(snapshot.destination(InetAddress.ofLiteral("10.1.0.5"), 9))
        .isInstanceOf(Destination.PodDestination.class);
    assertThat(snapshot.destination(InetAddress.ofLiteral("192.0.2.1"), 80))
        .isInstanceOf(Destination.OutsideDestination.class);
    assertThat(endpoints(snapshot).ready())
        .singleElement()
        .satisfies(endpoint -> assertThat(endpoint.address().getPort()).isEqualTo(8080));
  }

  @Test
  void keepsTheSameSetsOfEndpointsThroughAChangeElsewhere() throws IOException {
    Snapshot before = holder.get();

    write("shift.yaml", SHIFT);
    await().until(() -> holder.get().version() > before.version());

    assertThat(endpoints(holder.get())).isSameAs(endpoints(before));
  }

  @Test
  void putsAShiftInForceAndSaysWhichOfItsBackendsIsMissing() throws IOException {
    write("shift.yaml", SHIFT);
    await().until(() -> holder.get().version() > 1);

    Snapshot snapshot = holder.get();
    var port = snapshot.servicePort(new ServicePortKey("shop", "cart", 80));
    assertThat(snapshot.routes(port, "shop").connection().backends().backends())
        .extracting(WeightedBackend::weight)
        .containsExactly(90, 10);
    assertThat(snapshot.routes(port, "shop").connection().backends().backends().getLast().backend())
        .isInstanceOf(Backend.Unresolvable.class);
    assertThat(source.problems())
        .anySatisfy(line -> assertThat(line).contains("TrafficShift shop/cart", "cart-next"));
  }

  @Test
  void goesOnWithTheLastGoodStateOfABrokenFileAndNamesTheLine() throws IOException {
    write("shop.yaml", SHOP.replace("spec:\n  nodeName", "spec\n  nodeName"));
    await().until(() -> !source.problems().isEmpty());

    assertThat(source.problems()).anySatisfy(line -> assertThat(line).startsWith("shop.yaml:"));
    assertThat(holder.get().localPod("11111111-2222")).isNotNull();
  }

  @Test
  void letsAPodGoWhoseLabelSaysSo() throws IOException {
    write("shop.yaml", SHOP.replace("weftmesh.io/mesh: enabled", "weftmesh.io/mesh: disabled"));

    await().until(() -> holder.get().localPods().isEmpty());
  }

  private static EndpointSet endpoints(Snapshot snapshot) {
    return snapshot.endpoints(new ServicePortKey("shop", "cart", 80), IpFamily.IPV4);
  }

  /** What it would say may be what forbids something. */
  @Test
  void publishesNothingWhileAFileWasNeverUnderstood() throws IOException {
    write("security.yaml", "kind: [MeshSecurity");
    SnapshotHolder fresh = new SnapshotHolder();
    try (ManifestSource started =
        ManifestSource.follow(folder, "node-1", labels, fresh, new Metrics(), scheduler)) {
      assertThat(fresh.get()).isSameAs(Snapshot.EMPTY);
      assertThat(started.notReady()).isNotEmpty();
      assertThat(started.problems()).singleElement().asString().startsWith("security.yaml:1: ");

      Files.delete(folder.resolve("security.yaml"));
      await().untilAsserted(() -> assertThat(started.notReady()).isEmpty());
      assertThat(fresh.get().localPods()).hasSize(1);
    }
  }

  private void write(String name, String text) throws IOException {
    Path next = folder.resolve("." + name);
    Files.writeString(next, text, UTF_8);
    Files.move(next, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void saysWhenTheLabelsThatShiftsAskForAreInForce() throws IOException {
    assertThat(source.labelled().toCompletableFuture()).as("nobody asks for any").isCompleted();
    write(
        "shift.yaml",
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficShift
        metadata: {name: cart, namespace: shop}
        spec: {service: cart, backends: [{labels: {version: v2}, weight: 1}]}
        """);
    SnapshotHolder fresh = new SnapshotHolder();

    try (ManifestSource started =
        ManifestSource.follow(folder, "node-1", labels, fresh, new Metrics(), scheduler)) {
      CompletableFuture<Void> labelled = started.labelled().toCompletableFuture();
      assertThat(labelled).isNotDone();
      labels.tell("11111111-2222", Map.of("version", "v2"));
      labels.carry("version");

      await().until(labelled::isDone);
      Backend.Service subset =
          new Backend.Service(new ServicePortKey("shop", "cart", 80), Map.of("version", "v2"));
      assertThat(fresh.get().endpoints(subset, IpFamily.IPV4).isEmpty()).isFalse();
    }
  }

  @Test
  void aChangeOfLabelsMovesEndpointsWithoutAnyFileBeingTouched() throws IOException {
    write(
        "shift.yaml",
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficShift
        metadata: {name: cart, namespace: shop}
        spec: {service: cart, backends: [{labels: {version: v2}, weight: 1}]}
        """);
    Backend.Service subset =
        new Backend.Service(new ServicePortKey("shop", "cart", 80), Map.of("version", "v2"));
    await().until(() -> source.problems().toString().contains("the ca has not told"));
    assertThat(holder.get().has(subset)).isFalse();

    labels.carry("version");
    await().until(() -> holder.get().has(subset));
    assertThat(source.problems()).isEmpty();
    assertThat(holder.get().endpoints(subset, IpFamily.IPV4).isEmpty()).isTrue();

    labels.tell("11111111-2222", Map.of("version", "v2"));
    await().until(() -> !holder.get().endpoints(subset, IpFamily.IPV4).isEmpty());
  }
}
