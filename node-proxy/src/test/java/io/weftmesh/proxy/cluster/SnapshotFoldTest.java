package io.weftmesh.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WorkloadAccess;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.Cidr;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Probe;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Workload;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotFoldTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");

  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: echo, namespace: shop}
      spec:
        clusterIPs: [10.96.0.1, "fd00::1"]
        ports:
        - {name: http, port: 80, targetPort: web}
        - {name: dns, port: 53, protocol: UDP}
        - {name: tcp-db, port: 5432}
      """;

  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata: {name: node-a, labels: {topology.kubernetes.io/zone: zone-1}}
      ---
      """;

  private final SnapshotFold fold = new SnapshotFold("node-a", PodLabels.NONE);

  /**
   * Each endpoint is written as address, node, zone and marks: {@code r} not ready, {@code s} not
   * serving, {@code t} terminating, {@code S} says nothing of serving, {@code 0} no conditions at
   * all, {@code nX} hinted for node X, {@code zX} for zone X.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # what is ready is used
          1 node-a zone-1 ;     2 node-b zone-2                                   | ''    | 1 2
          1 node-a zone-1 0;    2 node-b zone-2                                   | ''    | 1 2
          1 node-a zone-1 ;     2 node-b zone-2 r                                 | ''    | 1
          # terminating ones serve only while nothing is ready
          1 node-a zone-1 ;     2 node-b zone-2 rt                                | ''    | 1
          1 node-a zone-1 r;    2 node-b zone-2 rt                                | ''    | 2
          1 node-a zone-1 rst;  2 node-b zone-2 rs                                | ''    | ''
          1 node-a zone-1 r                                                       | ''    | ''
          # serving absent is what ready is
          1 node-a zone-1 rSt;  2 node-b zone-2 rt                                | ''    | 2
          1 node-a zone-1 rSt                                                     | ''    | ''
          # the same endpoint in two slices counts once, and is ready if either says so
          1 node-a zone-1 ;     1 node-a zone-1                                   | ''    | 1
          1 node-a zone-1 r;    1 node-a zone-1                                   | ''    | 1
          # internalTrafficPolicy: Local
          1 node-a zone-1 ;     2 node-b zone-2                                   | Local | 1
          2 node-b zone-2                                                         | Local | ''
          1 node-a zone-1 rt;   2 node-b zone-2                                   | Local | 1
          # hints for nodes, then for zones; partial hints count for nothing
          1 node-a zone-1 nnode-a; 2 node-b zone-2 nnode-b                        | ''    | 1
          1 node-a zone-1 nnode-c; 2 node-b zone-2 nnode-b                        | ''    | 1 2
          1 node-a zone-1 nnode-a; 2 node-b zone-2                                | ''    | 1 2
          1 node-a zone-1 zzone-1; 2 node-b zone-2 zzone-2                        | ''    | 1
          1 node-a zone-1 zzone-2; 2 node-b zone-2 zzone-1                        | ''    | 2
          1 node-a zone-1 zzone-1; 2 node-b zone-2                                | ''    | 1 2
          1 node-a zone-1 zzone-3; 2 node-b zone-2 zzone-3                        | ''    | 1 2
          1 node-a zone-1 nnode-a zzone-2; 2 node-b zone-2 nnode-b zzone-1        | ''    | 1
          1 node-a zone-1 nnode-c zzone-2; 2 node-b zone-2 nnode-b zzone-1        | ''    | 2
          1 node-a zone-1 zzone-1 r; 2 node-b zone-2 zzone-2                      | ''    | 2
          """)
  void choosesEndpointsAsKubernetesSays(String endpoints, String trafficPolicy, String expected) {
    String service =
        trafficPolicy.isEmpty()
            ? SERVICE
            : SERVICE.replace("spec:\n", "spec:\n  internalTrafficPolicy: " + trafficPolicy + "\n");

    Snapshot snapshot = fold(service, slices(endpoints));

    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).ready())
        .extracting(endpoint -> endpoint.address().getAddress().getHostAddress())
        .containsExactlyElementsOf(
            Stream.of(expected.split(" "))
                .filter(host -> !host.isEmpty())
                .map(host -> "10.1.0." + host)
                .toList());
  }

  @Test
  void anEndpointIsItsAddressWithThePortOfItsSlice() {
    Snapshot snapshot =
        fold(SERVICE, slice("a", "8080", endpoint("1")), slice("b", "9090", endpoint("2")));

    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).ready())
        .extracting(Endpoint::address)
        .hasToString("[/10.1.0.1:8080, /10.1.0.2:9090]");
    Endpoint first = snapshot.endpoints(ECHO, IpFamily.IPV4).ready().getFirst();
    assertThat(first.podUid()).isEqualTo("uid-1");
    assertThat(first.node()).isEqualTo("node-a");
    assertThat(snapshot.endpoints(new ServicePortKey("shop", "echo", 5432), IpFamily.IPV4).ready())
        .isEmpty();
  }

  @Test
  void thePodThatListensOnTwoPortsForAMomentIsTwoEndpoints() {
    Snapshot snapshot =
        fold(SERVICE, slice("a", "8080", endpoint("1")), slice("b", "9090", endpoint("1")));

    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).ready()).hasSize(2);
  }

  @Test
  void theFamiliesAreKeptApart() {
    Snapshot snapshot =
        fold(
            SERVICE,
            slice("a", "8080", endpoint("1")),
            slice("b", "8080", endpoint("1"))
                .replace("IPv4", "IPv6")
                .replace("10.1.0.1", "fd01::1"));

    assertThat(snapshot.destination(VIP, 80))
        .isInstanceOfSatisfying(
            ServiceDestination.class, d -> assertThat(d.family()).isEqualTo(IpFamily.IPV4));
    assertThat(snapshot.destination(InetAddress.ofLiteral("fd00::1"), 80))
        .isInstanceOfSatisfying(
            ServiceDestination.class, d -> assertThat(d.family()).isEqualTo(IpFamily.IPV6));
    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).ready()).hasSize(1);
    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV6).ready())
        .singleElement()
        .satisfies(endpoint ->
            assertThat(IpFamily.of(endpoint.address().getAddress())).isEqualTo(IpFamily.IPV6));
  }

  @Test
  void slicesOfNamesAndSlicesOfNoServiceAreNobodys() {
    Snapshot snapshot =
        fold(
            SERVICE,
            slice("a", "8080", endpoint("1"))
                .replace("IPv4", "FQDN")
                .replace("10.1.0.1", "example.com"),
            slice("b", "8080", endpoint("2")).replace("kubernetes.io/service-name", "other"),
            slice("c", "8080", endpoint("3")).replace("namespace: shop", "namespace: other"));

    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).isEmpty()).isTrue();
  }

  @Test
  void udpPortsAreNotTheMeshes() {
    assertThat(fold(SERVICE).servicePorts())
        .containsExactlyInAnyOrder(ECHO, new ServicePortKey("shop", "echo", 5432));
  }

  @ParameterizedTest
  @CsvSource({"type: ExternalName", "clusterIP: None"})
  void aServiceWithoutAnAddressIsNoDestination(String spec) {
    Snapshot snapshot =
        fold(
            SERVICE.replace("clusterIPs: [10.96.0.1, \"fd00::1\"]", spec),
            slice("a", "8080", endpoint("1")));

    assertThat(snapshot.destination(VIP, 80)).isInstanceOf(OutsideDestination.class);
    assertThat(snapshot.destination(InetAddress.ofLiteral("10.1.0.1"), 80))
        .isInstanceOf(spec.contains("None") ? PodDestination.class : OutsideDestination.class);
  }

  @Test
  void aSelectorlessServiceHasEndpointsWithoutAPod() {
    Snapshot snapshot = fold(SERVICE, slice("a", "8080", "- {addresses: [10.1.0.1]}\n"));

    assertThat(snapshot.endpoints(ECHO, IpFamily.IPV4).ready())
        .singleElement()
        .satisfies(endpoint -> assertThat(endpoint.podUid()).isNull());
    assertThat(snapshot.destination(InetAddress.ofLiteral("10.1.0.1"), 80))
        .isInstanceOf(OutsideDestination.class);
  }

  @Test
  void protocolAndAffinityAreRecorded() {
    Snapshot snapshot =
        fold(
            SERVICE
                .replace("port: 5432", "port: 5432, appProtocol: kubernetes.io/h2c")
                .replace("spec:\n", "spec:\n  sessionAffinity: ClientIP\n"));

    ServicePort http = snapshot.servicePort(ECHO);
    assertThat(http).isNotNull();
    assertThat(http.declared()).isEqualTo(Protocol.HTTP);
    assertThat(http.clientAffinity()).isEqualTo(Duration.ofHours(3));
    assertThat(snapshot.servicePort(new ServicePortKey("shop", "echo", 5432)))
        .extracting(ServicePort::declared)
        .isEqualTo(Protocol.HTTP2);
  }

  @Test
  void endpointSetsAndDrawsThatDidNotChangeAreTheSameObjects() {
    String shift =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficShift
        metadata: {name: echo, namespace: shop}
        spec: {service: echo, backends: [{service: echo, weight: 1}]}
        """;
    String other = SERVICE.replace("echo", "other").replace("10.96.0.1", "10.96.0.2");
    String otherSlice = slice("o", "8080", endpoint("9")).replace("echo", "other");
    Snapshot before = fold(SERVICE, slices("1 node-a zone-1"), shift, other, otherSlice);
    ServicePort port = before.servicePort(ECHO);
    assertThat(port).isNotNull();
    EndpointSet set = before.endpoints(ECHO, IpFamily.IPV4);
    RouteTable routes = before.routes(port, "shop");

    Snapshot after =
        fold(
            SERVICE,
            slices("1 node-a zone-1"),
            shift,
            other,
            otherSlice.replace("10.1.0.9", "10.1.0.8"));

    assertThat(after.version()).isGreaterThan(before.version());
    assertThat(after.endpoints(ECHO, IpFamily.IPV4)).isSameAs(set);
    assertThat(after.routes(port, "shop")).isSameAs(routes);
    assertThat(after.endpoints(new ServicePortKey("shop", "other", 80), IpFamily.IPV4))
        .isNotSameAs(before.endpoints(new ServicePortKey("shop", "other", 80), IpFamily.IPV4));
  }

  @Test
  void theShareOfAServiceThatIsNotThereIsReportedAndClosed() {
    String shift =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficShift
        metadata: {name: echo, namespace: shop}
        spec: {service: echo, backends: [{service: gone, weight: 1}]}
        """;

    SnapshotFold.Folded folded = fold.fold(Objects.read(SERVICE + "---\n" + shift));

    assertThat(folded.problems())
        .singleElement()
        .asString()
        .startsWith("TrafficShift shop/echo: spec.backends[0].service names Service shop/gone");
    ServicePort port = folded.snapshot().servicePort(ECHO);
    assertThat(port).isNotNull();
    assertThat(folded.snapshot().routes(port, "shop").connection().backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
  }

  /** Columns: namespace label, pod label, phase, spec, node, whether it is a pod of ours. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          enabled,  none,     Running,   '',                 node-a, true
          enabled,  none,     Pending,   '',                 node-a, true
          enabled,  disabled, Running,   '',                 node-a, false
          none,     enabled,  Running,   '',                 node-a, true
          none,     none,     Running,   '',                 node-a, false
          enabled,  none,     Running,   '',                 node-b, false
          enabled,  none,     Succeeded, '',                 node-a, false
          enabled,  none,     Failed,    '',                 node-a, false
          enabled,  none,     Running,   'hostNetwork: true,', node-a, false
          """)
  void thePodsOfTheNodeAreThoseThatTakePartAndRun(
      String namespaceLabel,
      String podLabel,
      String phase,
      String spec,
      String node,
      boolean ours) {
    Snapshot snapshot = fold(namespace(namespaceLabel), pod(podLabel, phase, spec, node));

    assertThat(snapshot.localPods()).hasSize(ours ? 1 : 0);
    assertThat(snapshot.inbound("uid-1") != null).isEqualTo(ours);
  }

  @Test
  void routesAreInForceForTheClientsThatTheyAreFor() {
    String routes =
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: all, namespace: shop}
        spec:
          parentRefs: [{group: "", kind: Service, name: echo, sectionName: http}]
          rules: [{backendRefs: [{name: echo, port: 5432}]}]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: own, namespace: team}
        spec:
          parentRefs: [{group: "", kind: Service, name: echo, namespace: shop, port: 80}]
          rules: [{backendRefs: [{name: gone, port: 80}]}]
        ---
        apiVersion: gateway.networking.k8s.io/v1beta1
        kind: ReferenceGrant
        metadata: {name: grant, namespace: shop}
        spec: {from: [], to: []}
        """;

    SnapshotFold.Folded folded = fold.fold(Objects.read(SERVICE + "---\n" + routes));

    ServicePort port = folded.snapshot().servicePort(ECHO);
    RouteTable everybody = folded.snapshot().routes(port, "elsewhere");
    assertThat(everybody.connection().origin()).hasToString("Service shop/echo");
    assertThat(everybody.byPrecedence())
        .extracting(entry -> entry.rule().backends().next().backend().toString())
        .containsExactly("shop/echo:5432");
    assertThat(everybody.expectsHttp()).isTrue();
    assertThat(folded.snapshot().routes(port, "team").byPrecedence())
        .extracting(entry -> entry.rule().origin().toString())
        .containsExactly("HTTPRoute team/own");
    assertThat(folded.problems())
        .containsExactly(
            "HTTPRoute team/own: spec.rules[0].backendRefs[0].name names Service team/gone, which"
                + " does not exist; its share of the traffic is answered with 500 until that is"
                + " mended");
  }

  @Test
  void aPodThatHasEndedIsGoneAndOneOnTheHostsNetworkIsTheNode() {
    String slice = slices("1 node-a zone-1");
    InetAddress address = InetAddress.ofLiteral("10.1.0.1");

    assertThat(fold(pod("none", "Running", "", "node-a")).destination(address, 1))
        .isEqualTo(new PodDestination(address, "shop", "echo-1", "uid-1"));
    assertThat(fold(pod("none", "Succeeded", "", "node-a")).destination(address, 1))
        .isInstanceOf(OutsideDestination.class);
    assertThat(
            fold(SERVICE, slice, pod("none", "Running", "hostNetwork: true,", "node-a"))
                .destination(address, 1))
        .isInstanceOf(OutsideDestination.class);
  }

  @Test
  void aLabelThatIsNeitherIsReported() {
    SnapshotFold.Folded folded =
        fold.fold(
            Objects.read(namespace("true") + "---\n" + pod("Enabled", "Running", "", "node-a")));

    assertThat(folded.problems())
        .hasSize(2)
        .anySatisfy(problem -> assertThat(problem).startsWith("Namespace shop: label"))
        .anySatisfy(problem -> assertThat(problem).startsWith("Pod shop/echo-1: label"));
    assertThat(folded.snapshot().localPods()).isEmpty();
  }

  @Test
  void aPodIsReducedToWhatCapturingItTakes() {
    Snapshot snapshot =
        fold(
            namespace("enabled"),
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: echo-6d4b-x1
              namespace: shop
              uid: uid-1
              labels: {app: echo, pod-template-hash: 6d4b}
              annotations:
                weftmesh.io/exclude-inbound-ports: "22, 9100"
                weftmesh.io/exclude-outbound-ports: "3306"
                weftmesh.io/exclude-outbound-cidrs: 192.0.2.0/24,fd00::/8
              ownerReferences:
              - {apiVersion: apps/v1, kind: ReplicaSet, name: echo-6d4b, uid: r, controller: true}
            spec:
              nodeName: node-a
              serviceAccountName: echo
              initContainers:
              - name: proxy
                restartPolicy: Always
                livenessProbe: {grpc: {port: 7070, service: health}}
              containers:
              - name: web
                ports: [{name: web, containerPort: 8080}]
                readinessProbe: {httpGet: {port: web, path: "/ready?deep=1"}}
                livenessProbe: {httpGet: {port: 8443, scheme: HTTPS}}
                startupProbe: {tcpSocket: {port: 9090}}
              - name: cron
                livenessProbe: {exec: {command: [ls]}}
            status:
              phase: Running
              podIP: 10.1.0.1
              podIPs: [{ip: 10.1.0.1}, {ip: "fd01::1"}]
            """,
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: MeshSecurity
            metadata: {name: s, namespace: shop}
            spec: {selector: {matchLabels: {app: echo}}, mode: STRICT}
            """);

    Workload pod = snapshot.localPods().iterator().next();
    assertThat(pod.workload()).isEqualTo("echo");
    assertThat(pod.serviceAccount()).isEqualTo("echo");
    assertThat(pod.addresses())
        .containsExactly(InetAddress.ofLiteral("10.1.0.1"), InetAddress.ofLiteral("fd01::1"));
    assertThat(pod.exclusions().inboundPorts()).containsExactlyInAnyOrder(22, 9100);
    assertThat(pod.exclusions().outboundPorts()).containsExactly(3306);
    assertThat(pod.exclusions().outboundRanges())
        .containsExactly(Cidr.parse("192.0.2.0/24"), Cidr.parse("fd00::/8"));
    assertThat(pod.probes())
        .containsExactlyInAnyOrder(
            new Probe.HttpGet(8080, "/ready?deep=1", false),
            new Probe.HttpGet(8443, "/", true),
            new Probe.TcpConnect(9090),
            new Probe.GrpcHealth(7070, "health"));
    assertThat(snapshot.inbound("uid-1"))
        .isNotNull()
        .satisfies(inbound -> assertThat(inbound.security().mode()).isEqualTo(InboundMode.STRICT));
  }

  @Test
  void aPodHasTheAccessRulesThatSelectIt() {
    String policy =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: AccessPolicy
        metadata: {name: a, namespace: NAMESPACE}
        spec:
          selector: {matchLabels: {weftmesh.io/mesh: LABEL}}
          action: Allow
          rules: [{from: [{namespace: pay}], ports: [8080]}]
        """;
    String[] cluster = {namespace("none"), pod("enabled", "Running", "", "node-a")};
    String inMesh = policy.replace("NAMESPACE", "weft-system").replace("LABEL", "enabled");
    String here = policy.replace("NAMESPACE", "shop").replace("LABEL", "enabled");
    String others = policy.replace("NAMESPACE", "shop").replace("LABEL", "other");

    assertThat(access(fold(cluster[0], cluster[1], inMesh)).allowing()).hasSize(1);
    assertThat(access(fold(cluster[0], cluster[1], here)).allowing()).hasSize(1);
    assertThat(access(fold(cluster[0], cluster[1], others))).isEqualTo(WorkloadAccess.OPEN);
  }

  @Test
  void accessRulesThatDidNotChangeAreTheSameObjects() {
    String policy =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: AccessPolicy
        metadata: {name: a, namespace: shop}
        spec: {action: Deny, rules: [{ports: [8080]}]}
        """;
    String pod = pod("enabled", "Running", "", "node-a");
    WorkloadAccess before = access(fold(namespace("none"), pod, policy));
    WorkloadAccess after = access(fold(namespace("enabled"), pod, policy));

    assertThat(after.denying().getFirst()).isSameAs(before.denying().getFirst());
  }

  private static WorkloadAccess access(Snapshot snapshot) {
    InboundPolicy policy = snapshot.inbound("uid-1");
    assertThat(policy).isNotNull();
    return policy.access();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kind: Service\\nmetadata: {name: x}                                                            | spec is missing
          kind: Service\\nmetadata: {name: x}\\nspec: {clusterIP: nowhere}                               | spec.clusterIPs is "nowhere", expected an IP address
          kind: Service\\nmetadata: {name: x}\\nspec: {clusterIP: 10.96.0.9, ports: [{name: http}]}      | spec.ports[0].port is missing
          kind: Pod\\nmetadata: {name: x}\\nspec: {}                                                     | metadata.uid is missing
          kind: Pod\\nmetadata: {name: x, uid: u}                                                        | spec is missing
          kind: Pod\\nmetadata: {name: x, uid: u}\\nspec: {}\\nstatus: {podIP: 10.1.0}                   | status.podIP is "10.1.0", expected an IP address
          kind: Pod\\nmetadata: {name: x, uid: u, annotations: {weftmesh.io/exclude-inbound-ports: "0"}}\\nspec: {} | weftmesh.io/exclude-inbound-ports is "0"
          kind: Pod\\nmetadata: {name: x, uid: u, annotations: {weftmesh.io/exclude-outbound-cidrs: here}}\\nspec: {} | weftmesh.io/exclude-outbound-cidrs is "here"
          kind: Pod\\nmetadata: {name: x, uid: u}\\nspec: {containers: [{name: c, livenessProbe: {httpGet: {port: web}}}]} | names port "web"
          kind: Pod\\nmetadata: {name: x, uid: u}\\nspec: {containers: [{name: c, livenessProbe: {httpGet: {path: /}}}]} | httpGet.port is missing
          """)
  void whatCannotBeReducedNamesItsField(String yaml, String problem) {
    String text = "apiVersion: v1\n" + yaml.replace("\\n", "\n");

    assertThat(Objects.manifests(text).problems())
        .singleElement()
        .asString()
        .startsWith("objects.yaml:1: ")
        .contains(problem);
  }

  private Snapshot fold(String... manifests) {
    return fold.fold(Objects.read(NODE + String.join("---\n", manifests))).snapshot();
  }

  /** One slice for each endpoint, so that duplicates are allowed. */
  private static String slices(String endpoints) {
    List<String> slices = new ArrayList<>();
    int number = 0;
    for (String text : endpoints.split(";", -1)) {
      String[] words = text.strip().split(" ");
      slices.add(slice("s" + number++, "8080", endpoint(words)));
    }
    return String.join("---\n", slices);
  }

  private static String slice(String name, String port, String endpoints) {
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: %N, namespace: shop, labels: {kubernetes.io/service-name: echo}}
    addressType: IPv4
    ports: [{name: http, port: %P}, {name: dns, port: 53, protocol: UDP}]
    endpoints:
    """
            .replace("%N", name)
            .replace("%P", port)
        + endpoints;
  }

  private static String endpoint(String... words) {
    String host = words[0];
    StringBuilder yaml =
        new StringBuilder("- addresses: [10.1.0." + host + "]\n")
            .append("  nodeName: " + (words.length > 1 ? words[1] : "node-a") + "\n")
            .append("  zone: " + (words.length > 2 ? words[2] : "zone-1") + "\n")
            .append("  targetRef: {kind: Pod, name: echo-" + host + ", uid: uid-" + host + "}\n");
    String marks = "";
    List<String> hints = new ArrayList<>();
    for (int i = 3; i < words.length; i++) {
      if (words[i].startsWith("n")) {
        hints.add("forNodes: [{name: " + words[i].substring(1) + "}]");
      } else if (words[i].startsWith("z")) {
        hints.add("forZones: [{name: " + words[i].substring(1) + "}]");
      } else {
        marks = words[i];
      }
    }
    if (!hints.isEmpty()) {
      yaml.append("  hints: {" + String.join(", ", hints) + "}\n");
    }
    if (!marks.equals("0")) {
      yaml.append("  conditions: {ready: " + !marks.contains("r"));
      yaml.append(marks.contains("S") ? "" : ", serving: " + !marks.contains("s"));
      yaml.append(", terminating: " + marks.contains("t") + "}\n");
    }
    return yaml.toString();
  }

  private static String namespace(String label) {
    return """
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {LABEL}}
    """
        .replace("LABEL", label.equals("none") ? "" : "weftmesh.io/mesh: \"" + label + "\"");
  }

  private static String pod(String label, String phase, String spec, String node) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: echo-1, namespace: shop, uid: uid-1, labels: {LABEL}}
    spec: {SPEC nodeName: NODE}
    status: {phase: PHASE, podIP: 10.1.0.1}
    """
        .replace("LABEL", label.equals("none") ? "" : "weftmesh.io/mesh: " + label)
        .replace("SPEC", spec)
        .replace("NODE", node)
        .replace("PHASE", phase);
  }
}
