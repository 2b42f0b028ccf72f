package io.weftmesh.proxy.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.model.WorkloadAccess;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Destination.UnservedPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SnapshotTest {
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");
  private static final InetAddress VIP6 = InetAddress.ofLiteral("fd00::1");
  private static final InetAddress POD = InetAddress.ofLiteral("10.1.0.7");
  private static final ServicePort HTTP = port("echo", 80);
  private static final ServicePort TCP = port("echo", 9090);
  private static final EndpointSet SET = set("10.1.0.7", 8080);
  private static final EndpointSet SET6 = set("fd01::7", 8080);

  private final Snapshot snapshot =
      new Snapshot.Builder(7)
          .servicePort(HTTP, List.of(VIP, VIP6), SET, SET6, null)
          .servicePort(TCP, List.of(VIP, VIP6), EndpointSet.empty(), SET6, null)
          .pod(new PodDestination(POD, "shop", "echo-1", "uid-1"))
          .build();

  @Test
  void tellsServicesPodsAndTheOutsideByAddressAndPort() {
    assertThat(snapshot.destination(VIP, 80))
        .isEqualTo(new ServiceDestination(HTTP, IpFamily.IPV4));
    assertThat(snapshot.destination(VIP, 9090))
        .isEqualTo(new ServiceDestination(TCP, IpFamily.IPV4));
    assertThat(snapshot.destination(VIP6, 80))
        .isEqualTo(new ServiceDestination(HTTP, IpFamily.IPV6));
    assertThat(snapshot.destination(VIP, 81))
        .isEqualTo(new UnservedPort(new ServiceKey("shop", "echo"), 81));
    assertThat(snapshot.destination(POD, 80))
        .isEqualTo(new PodDestination(POD, "shop", "echo-1", "uid-1"));
    assertThat(snapshot.destination(InetAddress.ofLiteral("192.0.2.1"), 80))
        .isEqualTo(new OutsideDestination(InetAddress.ofLiteral("192.0.2.1")));
  }

  @Test
  void makesNoNewObjectForADestinationThatTheClusterKnows() {
    assertThat(snapshot.destination(VIP, 80)).isSameAs(snapshot.destination(VIP, 80));
    assertThat(snapshot.destination(POD, 1)).isSameAs(snapshot.destination(POD, 2));
    assertThat(snapshot.routes(HTTP, "shop")).isSameAs(snapshot.routes(HTTP, "other"));
  }

  @Test
  void keepsTheFamiliesOfEndpointsApart() {
    assertThat(snapshot.endpoints(HTTP.key(), IpFamily.IPV4)).isSameAs(SET);
    assertThat(snapshot.endpoints(HTTP.key(), IpFamily.IPV6)).isSameAs(SET6);
    assertThat(snapshot.endpoints(TCP.key(), IpFamily.IPV4).isEmpty()).isTrue();
    assertThat(snapshot.endpoints(new ServicePortKey("no", "such", 1), IpFamily.IPV4).isEmpty())
        .isTrue();
  }

  @Test
  void aServiceWithoutRoutesGoesToItsOwnEndpoints() {
    RouteRule rule = snapshot.routes(HTTP, "shop").connection();

    assertThat(rule.backends().next())
        .isEqualTo(new WeightedBackend(new Backend.Service(HTTP.key()), 1));
    assertThat(rule.origin()).hasToString("Service shop/echo");
  }

  @Test
  void theRoutesOfTheClientsNamespaceReplaceTheProducers() {
    RouteTable producer = table("producer");
    RouteTable consumer = table("consumer");
    Snapshot routed =
        new Snapshot.Builder(1)
            .servicePort(
                HTTP, List.of(VIP), SET, SET6, new RouteSets(producer, Map.of("team-a", consumer)))
            .build();

    assertThat(routed.routes(HTTP, "team-a")).isSameAs(consumer);
    assertThat(routed.routes(HTTP, "shop")).isSameAs(producer);
  }

  @Test
  void backendsWithoutSettingsOfTheirOwnHaveTheDefault() {
    BackendSettings own =
        new BackendSettings(Duration.ofSeconds(1), Duration.ZERO, LoadBalancing.PEAK_EWMA);
    Snapshot tuned =
        new Snapshot.Builder(1).backendSettings(new ServiceKey("shop", "echo"), own).build();

    assertThat(tuned.backendSettings(new ServiceKey("shop", "echo"))).isSameAs(own);
    assertThat(tuned.backendSettings(new ServiceKey("shop", "web")))
        .isSameAs(BackendSettings.DEFAULT);
  }

  @Test
  void localPodsAreFoundByUidAndByAddress() {
    Workload pod =
        new Workload(
            "uid-9",
            "shop",
            "web-1",
            "web",
            "web",
            "node-a",
            List.of(InetAddress.ofLiteral("10.1.0.9"), InetAddress.ofLiteral("fd01::9")),
            Map.of("app", "web"),
            Exclusions.NONE,
            List.of());
    Snapshot local =
        new Snapshot.Builder(1)
            .localPod(
                pod, new InboundPolicy(InboundSecurity.DEFAULT, WorkloadAccess.OPEN, List.of()))
            .build();

    assertThat(local.localPods()).containsExactly(pod);
    assertThat(local.localPod("uid-9")).isSameAs(pod);
    assertThat(local.inbound("uid-9")).isNotNull();
    assertThat(local.inbound("uid-1")).isNull();
    assertThat(local.destination(InetAddress.ofLiteral("fd01::9"), 1))
        .isInstanceOfSatisfying(
            PodDestination.class, found -> assertThat(found.uid()).isEqualTo("uid-9"));
  }

  /** Against a plain table of everything that was put in. */
  @Test
  void everyLookupAgreesWithWhatWasPutIn() {
    Random random = new Random(3);
    Snapshot.Builder builder = new Snapshot.Builder(1);
    Map<InetSocketAddress, ServicePort> expected = new HashMap<>();
    for (int service = 0; service < 2000; service++) {
      InetAddress address = address(random, service);
      for (int i = random.nextInt(4); i >= 0; i--) {
        ServicePort port = port("s" + service, 80 + i);
        builder.servicePort(port, List.of(address), SET, SET6, null);
        expected.put(new InetSocketAddress(address, 80 + i), port);
      }
    }
    Snapshot large = builder.build();

    expected.forEach((where, port) ->
        assertThat(large.destination(where.getAddress(), where.getPort()))
            .isInstanceOfSatisfying(
                ServiceDestination.class,
                found -> {
                  assertThat(found.port()).isSameAs(port);
                  assertThat(found.family()).isEqualTo(IpFamily.of(where.getAddress()));
                }));
    for (InetSocketAddress where : expected.keySet()) {
      assertThat(large.destination(where.getAddress(), 99)).isInstanceOf(UnservedPort.class);
    }
  }

  private static InetAddress address(Random random, int unique) {
    return random.nextBoolean()
        ? InetAddress.ofLiteral("10.96." + unique / 256 + "." + unique % 256)
        : InetAddress.ofLiteral("fd00::" + Integer.toHexString(unique));
  }

  private static ServicePort port(String service, int port) {
    return new ServicePort(
        new ServicePortKey("shop", service, port), "", Protocol.AUTO, Duration.ZERO);
  }

  private static EndpointSet set(String address, int port) {
    return EndpointSet.of(
        List.of(Endpoint.of(new InetSocketAddress(InetAddress.ofLiteral(address), port))));
  }

  private static RouteTable table(String name) {
    return RouteTable.of(
        new RouteRule(
            new RouteOrigin(RouteOrigin.Kind.TRAFFIC_SHIFT, "shop", name, 0),
            List.of(),
            WeightedDraw.always(new Backend.Service(HTTP.key())),
            RequestPolicy.DEFAULT));
  }
}
