package io.weftmesh.proxy.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.model.WorkloadAccess;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.balance.Pick;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ServiceMetricsTest {
  private static final ServiceKey CART = new ServiceKey("shop", "cart");
  private static final ServicePortKey CART_HTTP = new ServicePortKey("shop", "cart", 80);
  private static final Backend.Service CART_BACKEND = new Backend.Service(CART_HTTP);
  private static final BackendSettings SETTINGS =
      new BackendSettings(
          Duration.ofSeconds(1),
          Duration.ZERO,
          LoadBalancing.PEAK_EWMA,
          Optional.of(
              new OutlierEjection(
                  1, Optional.empty(), Duration.ofSeconds(30), Duration.ofMinutes(5), 50)),
          new TrafficLimits(10, TrafficLimits.UNLIMITED, 100),
          new TrafficLimits(TrafficLimits.UNLIMITED, 7, TrafficLimits.UNLIMITED));

  private final Metrics metrics = new Metrics();
  private final SnapshotHolder snapshots = new SnapshotHolder();
  private final Balancers<Backend.Service> balancers = new Balancers<>(() -> 0, new Random(1));
  private final ServiceControls<ServiceKey> controls = new ServiceControls<>(() -> 0);

  @BeforeEach
  void publish() {
    ServiceMetrics.register(metrics, snapshots, balancers, controls);
    snapshots.publish(
        new Snapshot.Builder(1)
            .servicePort(
                new ServicePort(CART_HTTP, "http", Protocol.HTTP, Duration.ZERO),
                List.of(),
                EndpointSet.of(List.of(endpoint("10.0.0.1"), endpoint("10.0.0.2"))),
                EndpointSet.empty(),
                null)
            .backendSettings(CART, SETTINGS)
            .localPod(pod(), policy())
            .build());
  }

  @Test
  void tellsEndpointsAndThoseThatAreEjected() throws IOException {
    EndpointSet endpoints = snapshots.get().endpoints(CART_HTTP, IpFamily.IPV4);
    try (Pick pick = balancers.of(CART_BACKEND, SETTINGS).pick(endpoints)) {
      pick.failed();
    }

    assertThat(text())
        .contains("weft_endpoints{backend=\"shop/cart:80\",} 2.0")
        .contains("weft_endpoints_ejected{backend=\"shop/cart:80\",} 1.0");
  }

  @Test
  void tellsWhatIsInUseOfEachLimitAndHowMuchThereMayBe() throws IOException {
    Place connection = acquire(Use.CONNECTION);
    acquire(Use.CONCURRENT_REQUEST);
    acquire(Use.PENDING_REQUEST);
    String all = "{service=\"shop/cart\",limit=\"connections\",client_pod=\"\",}";
    String ofPod =
        "{service=\"shop/cart\",limit=\"pending_requests\",client_pod=\"web/frontend-0\",}";

    assertThat(text())
        .contains("weft_limit_in_use" + all + " 1.0", "weft_limit_max" + all + " 10.0")
        .contains("weft_limit_in_use" + ofPod + " 1.0", "weft_limit_max" + ofPod + " 7.0")
        .contains("limit=\"concurrent_requests\",client_pod=\"\",} 1.0")
        .doesNotContain("limit=\"pending_requests\",client_pod=\"\"");
    connection.close();
    assertThat(text()).contains("weft_limit_in_use" + all + " 0.0");
  }

  @Test
  void aServiceThatIsGoneTakesItsSeriesWithIt() throws IOException {
    acquire(Use.CONNECTION);
    balancers.of(CART_BACKEND);
    assertThat(text()).contains("shop/cart");

    balancers.retain(backend -> false);
    controls.retain(Set.of(), Set.of());

    assertThat(text()).doesNotContain("shop/cart");
  }

  @Test
  void aClientPodThatIsGoneTakesItsSeriesWithIt() throws IOException {
    acquire(Use.PENDING_REQUEST);
    assertThat(text()).contains("web/frontend-0");

    controls.retain(Set.of(CART), Set.of());

    assertThat(text()).doesNotContain("web/frontend-0");
  }

  private Place acquire(Use use) {
    return (Place) controls.limits(CART).acquire(use, SETTINGS, pod().uid());
  }

  private static Endpoint endpoint(String ip) {
    return Endpoint.of(new InetSocketAddress(InetAddress.ofLiteral(ip), 8080));
  }

  private static InboundPolicy policy() {
    return new InboundPolicy(InboundSecurity.DEFAULT, WorkloadAccess.OPEN, List.of());
  }

  private static Workload pod() {
    return new Workload(
        "uid-1",
        "web",
        "frontend-0",
        "frontend",
        "default",
        "node-1",
        List.of(InetAddress.ofLiteral("10.1.0.1")),
        Map.of(),
        Exclusions.NONE,
        List.of());
  }

  private String text() throws IOException {
    var text = new StringWriter();
    metrics.writeText(text);
    return text.toString();
  }
}
