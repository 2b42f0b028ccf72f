package io.weftmesh.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KubernetesSourceTest {
  private static final ServicePortKey CART = new ServicePortKey("shop", "cart", 80);

  private static final String OBJECTS =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {weftmesh.io/mesh: enabled}}
      ---
      apiVersion: v1
      kind: Node
      metadata: {name: node-1, labels: {topology.kubernetes.io/zone: west}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: cart-0, namespace: shop, uid: 1111}
      spec: {nodeName: node-1, serviceAccountName: cart, containers: []}
      status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: cart, namespace: shop}
      spec:
        clusterIP: 10.96.0.1
        clusterIPs: [10.96.0.1]
        ports: [{name: http-web, port: 80}]
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: cart-1, namespace: shop, labels: {kubernetes.io/service-name: cart}}
      addressType: IPv4
      ports: [{name: http-web, port: 8080}]
      endpoints:
      - addresses: [10.1.0.5]
        nodeName: node-1
        targetRef: {kind: Pod, name: cart-0, namespace: shop, uid: "1111"}
      """;

  private static final String ROUTE_TO_NOBODY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: cart, namespace: shop}
      spec:
        parentRefs: [{group: "", kind: Service, name: cart, port: 80}]
        rules: [{backendRefs: [{name: nobody, port: 80}]}]
      """;

  /** Spreads nothing. */
  private static final RandomGenerator AT_ONCE = () -> 0;

  private final Metrics metrics = new Metrics();
  private final SnapshotHolder holder = new SnapshotHolder();
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private FakeApiServer server;
  private KubernetesSource source;

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer();
    apply(OBJECTS);
  }

  @AfterEach
  void close() {
    source.close();
    scheduler.shutdownNow();
    server.close();
  }

  @Test
  void publishesWhatTheServerHoldsWhenAllOfItIsKnown() {
    follow();

    await().until(() -> source.notReady().isEmpty());
    assertThat(addresses()).containsExactly("10.1.0.5:8080");
    assertThat(holder.get().localPods()).extracting(Workload::name).containsExactly("cart-0");
    assertThat(server.asked("/pods")).allMatch(query -> query.contains("spec.nodeName=node-1"));
    assertThat(server.asked("/nodes")).allMatch(query -> query.contains("metadata.name=node-1"));
  }

  @Test
  void followsChangesAndDeletions() {
    follow();
    await().until(() -> source.notReady().isEmpty());

    apply(OBJECTS.replace("10.1.0.5", "10.1.0.6"));
    await().untilAsserted(() -> assertThat(addresses()).containsExactly("10.1.0.6:8080"));

    server.delete("endpointslices", "shop/cart-1");
    await().untilAsserted(() -> assertThat(addresses()).isEmpty());
  }

  @Test
  void findsOutWhatHappenedWhileTheServerHadForgottenItsHistory() {
    follow();
    await().until(() -> source.notReady().isEmpty());
    await().until(() -> server.watching("endpointslices") == 1);
    int lists = server.asked("endpointslices?limit").size();

    server.cutWatches();
    server.delete("endpointslices", "shop/cart-1");
    server.forgetHistory();

    await().untilAsserted(() -> assertThat(addresses()).isEmpty());
    assertThat(server.asked("endpointslices?limit")).hasSizeGreaterThan(lists);
  }

  @Test
  void takesAWatchUpAgainWithoutANewList() {
    follow();
    await().until(() -> source.notReady().isEmpty());
    await().until(() -> server.watching("endpointslices") == 1);

    server.cutWatches();
    await().until(() -> server.watching("endpointslices") == 1);
    apply(OBJECTS.replace("10.1.0.5", "10.1.0.6"));

    await().untilAsserted(() -> assertThat(addresses()).containsExactly("10.1.0.6:8080"));
    assertThat(server.asked("endpointslices?limit")).hasSize(1);
  }

  @Test
  void makesAnotherConnectionWhenTheServerIsSilentAndKeepsWhatItKnows() {
    follow();
    await().until(() -> source.notReady().isEmpty());

    server.freeze();
    await()
        .untilAsserted(() -> assertThat(metric("weft_kubernetes_sessions_total")).isEqualTo("2.0"));
    assertThat(addresses()).containsExactly("10.1.0.5:8080");

    server.delete("endpointslices", "shop/cart-1");
    server.thaw();
    await().untilAsserted(() -> assertThat(addresses()).isEmpty());
    assertThat(source.notReady()).isEmpty();
  }

  @Test
  void isNotReadyAndSaysWhyWhileAKindCantBeRead() {
    server.refuse("endpointslices", 403);
    follow();

    await()
        .untilAsserted(() ->
            assertThat(source.notReady())
                .singleElement()
                .asString()
                .contains("endpointslices", "403", "as the test wants"));
    assertThat(holder.get()).isSameAs(Snapshot.EMPTY);

    server.refuse("endpointslices", 0);
    await().until(() -> source.notReady().isEmpty());
    assertThat(addresses()).containsExactly("10.1.0.5:8080");
  }

  @Test
  void readsAKindInAnotherVersionThanItsClass() {
    apply(OBJECTS);
    apply(
        """
        apiVersion: gateway.networking.k8s.io/v1alpha2
        kind: TCPRoute
        metadata: {name: cart, namespace: shop}
        spec:
          parentRefs: [{group: "", kind: Service, name: cart, port: 80}]
          rules: [{backendRefs: [{name: nobody, port: 80}]}]
        """);
    follow();

    await().until(() -> source.notReady().isEmpty());
    assertThat(server.asked("gateway.networking.k8s.io/v1/tcproutes")).isNotEmpty();
    assertThat(source.problems())
        .singleElement()
        .asString()
        .contains("TCPRoute shop/cart", "nobody");
  }

  @Test
  void followsAKindFromWhenItIsServed() {
    server.refuse("httproutes", 404);
    follow();
    await().until(() -> source.notReady().isEmpty());

    server.refuse("httproutes", 0);
    apply(ROUTE_TO_NOBODY);

    await()
        .untilAsserted(() ->
            assertThat(source.problems())
                .singleElement()
                .asString()
                .contains("HTTPRoute shop/cart"));
  }

  @Test
  void forgetsWhatWasOfAKindThatIsNotServedAnyMore() {
    apply(ROUTE_TO_NOBODY);
    follow();
    await().until(() -> source.problems().size() == 1);

    server.refuse("httproutes", 404);
    server.cutWatches();

    await().until(() -> source.problems().isEmpty());
    assertThat(addresses()).containsExactly("10.1.0.5:8080");
  }

  @Test
  void readsEventsWithCharactersOfAnyLanguageAndGoesOn() {
    follow();
    await().until(() -> source.notReady().isEmpty());
    await().until(() -> server.watching("endpointslices") == 1);

    for (String owner : List.of("M\u00fcller", "\u5b57\ud83d\ude00", "x")) {
      apply(OBJECTS.replace("{name: cart-1,", "{name: cart-1, annotations: {o: " + owner + "},"));
    }
    apply(OBJECTS.replace("10.1.0.5", "10.1.0.6"));

    await().untilAsserted(() -> assertThat(addresses()).containsExactly("10.1.0.6:8080"));
    assertThat(server.asked("endpointslices?limit")).hasSize(1);
  }

  @Test
  void aPolicyOfANewerVersionKeepsNoOtherAway() {
    server.apply("trafficpolicies", policy("old", "timeouts", Map.of("request", "nonsense")));
    server.apply("trafficpolicies", policy("new", "future", 1));
    follow();

    await().until(() -> source.notReady().isEmpty());
    assertThat(source.problems())
        .hasSize(2)
        .anySatisfy(problem -> assertThat(problem).contains("TrafficPolicy shop/new", "future"))
        .anySatisfy(problem -> assertThat(problem).contains("TrafficPolicy shop/old", "nonsense"));
  }

  @Test
  void whatAnObjectSaidBeforeStaysInForceWhenItSaysWhatCantBeRead() {
    follow();
    await().until(() -> source.notReady().isEmpty());

    apply(
        OBJECTS.replace(
            "{name: cart-0,", "{name: cart-0, annotations: {weftmesh.io/max-connections: lots},"));

    await()
        .untilAsserted(() ->
            assertThat(source.problems())
                .singleElement()
                .asString()
                .contains("Pod shop/cart-0", "lots"));
    assertThat(holder.get().localPods()).extracting(Workload::name).containsExactly("cart-0");

    apply(
        OBJECTS
            .replace(
                "{name: cart-0,",
                "{name: cart-0, annotations: {weftmesh.io/max-connections: lots},")
            .replace("1111", "2222"));
    await().untilAsserted(() -> assertThat(holder.get().localPods()).isEmpty());
  }

  @Test
  void publishesNothingWhileNothingHappens() {
    follow();
    await().until(() -> source.notReady().isEmpty());
    long version = holder.get().version();
    int asked = server.asked("/livez").size();

    await().until(() -> server.asked("/livez").size() >= asked + 5);

    assertThat(holder.get().version()).isEqualTo(version);
  }

  @Test
  void namesAnObjectThatItCantReadAndGoesOnWithTheOthers() {
    apply(
        OBJECTS
            .replace("clusterIPs: [10.96.0.1]", "clusterIPs: [no-address]")
            .replace("name: cart,", "name: other,"));
    follow();

    await().until(() -> source.notReady().isEmpty());
    assertThat(addresses()).containsExactly("10.1.0.5:8080");
    assertThat(source.problems())
        .singleElement()
        .asString()
        .contains("Service shop/other", "no-address");
  }

  @Test
  void comesToTheSameAsAFolderOfTheSameObjects() {
    follow();

    await().until(() -> source.notReady().isEmpty());
    Snapshot read =
        new SnapshotFold("node-1", PodLabels.NONE).fold(Objects.read(OBJECTS)).snapshot();
    assertThat(holder.get().localPods()).containsExactlyElementsOf(read.localPods());
    assertThat(holder.get().endpoints(CART, IpFamily.IPV4).ready())
        .isEqualTo(read.endpoints(CART, IpFamily.IPV4).ready());
  }

  private void follow() {
    Config config =
        new ConfigBuilder(KubernetesSource.config(null, AT_ONCE))
            .withMasterUrl(server.url())
            .withRequestTimeout(500)
            .withWatchReconnectInterval(10)
            .build();
    source =
        new KubernetesSource(
            () -> KubernetesSource.client(config),
            "node-1",
            PodLabels.NONE,
            holder,
            metrics,
            scheduler,
            new KubernetesSource.Timing(Duration.ofMillis(100), 1),
            AT_ONCE);
    source.start();
  }

  private void apply(String yaml) {
    for (HasMetadata object : Objects.typed(yaml)) {
      server.apply(HasMetadata.getPlural(object.getClass()), object);
    }
  }

  private static GenericKubernetesResource policy(String name, String field, Object value) {
    GenericKubernetesResource policy = new GenericKubernetesResource();
    policy.setApiVersion("policy.weftmesh.io/v1alpha1");
    policy.setKind("TrafficPolicy");
    policy.setMetadata(new ObjectMetaBuilder().withNamespace("shop").withName(name).build());
    policy.setAdditionalProperty("spec", Map.of("targetRef", Map.of("name", "cart"), field, value));
    return policy;
  }

  private String metric(String name) throws IOException {
    StringWriter text = new StringWriter();
    metrics.writeText(text);
    return text.toString()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }

  private List<String> addresses() {
    EndpointSet endpoints = holder.get().endpoints(CART, IpFamily.IPV4);
    return endpoints.ready().stream()
        .map(endpoint ->
            endpoint.address().getAddress().getHostAddress() + ":" + endpoint.address().getPort())
        .toList();
  }
}
