package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.Ticker;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.balance.ServiceLimits;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A proxy between a client and endpoints that the test plays itself, on one thread and in a time
 * that passes when the test says so. Every buffer, connection and request in hand is counted.
 */
final class Mesh implements AutoCloseable {
  static final ServicePortKey SHOP = new ServicePortKey("shop", "cart", 80);
  private static final InetSocketAddress CLUSTER_ADDRESS = address("10.96.0.1", 80);

  final MockTicker ticker = Ticker.newMockTicker();
  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  final ServiceControls<ServiceKey> controls = new ServiceControls<>(ticker::nanoTime);
  final SnapshotHolder snapshots = new SnapshotHolder();
  final Balancers<Backend.Service> balancers = new Balancers<>(ticker::nanoTime, new Random(3));
  final Dials dials = new Dials();
  final List<Wire> clients = new ArrayList<>();
  private final List<Http2Peer> peers = new ArrayList<>();
  final Metrics metrics = new Metrics();
  final ClientPod pod;
  boolean draining;

  private final HttpProxy proxy;
  private EndpointSet endpoints = EndpointSet.empty();
  private final Map<Backend.Service, EndpointSet> subsets = new HashMap<>();
  private RouteTable routes = RouteTable.of(rule(RetryPolicy.DEFAULT, Timeouts.NONE));
  private BackendSettings settings = BackendSettings.DEFAULT;
  private long version;

  Mesh() {
    this(HttpSettings.DEFAULT);
  }

  Mesh(HttpSettings httpSettings) {
    proxy =
        new HttpProxy(
            httpSettings, snapshots, balancers, controls, new HttpMetrics(metrics), new Random(5));
    pod = proxy.clientPod(workload(), dials, () -> draining);
    endpoints(1);
  }

  // --- what is configured ---

  Mesh endpoints(int count) {
    List<Endpoint> list = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      list.add(Endpoint.of(address("10.0.0." + i, 8080)));
    }
    endpoints = EndpointSet.of(list);
    return publish();
  }

  /** The endpoints of a subset, {@code 10.0.0.HOST}. */
  Mesh subset(Backend.Service subset, int... hosts) {
    subsets.put(
        subset,
        EndpointSet.of(
            Arrays.stream(hosts)
                .mapToObj(host -> Endpoint.of(address("10.0.0." + host, 8080)))
                .toList()));
    return publish();
  }

  Mesh routes(RouteRule... rules) {
    routes = new RouteTable(List.of(rules), rules.length == 0 ? rule() : rules[0]);
    return publish();
  }

  Mesh policy(RetryPolicy policy, Timeouts timeouts) {
    return routes(rule(policy, timeouts));
  }

  Mesh settings(BackendSettings backendSettings) {
    settings = backendSettings;
    return publish();
  }

  private Mesh publish() {
    Snapshot.Builder builder =
        new Snapshot.Builder(++version)
            .servicePort(
                servicePort(),
                List.of(CLUSTER_ADDRESS.getAddress()),
                endpoints,
                EndpointSet.empty(),
                RouteSets.forAll(routes))
            .backendSettings(SHOP.service(), settings);
    subsets.forEach((subset, set) -> builder.subset(subset, set, EndpointSet.empty()));
    snapshots.publish(builder.build());
    return this;
  }

  /** Settings that limit connections and the requests that wait for one. */
  static BackendSettings connections(int connections, int pending) {
    return new BackendSettings(
        Duration.ofSeconds(15),
        Duration.ofHours(1),
        LoadBalancing.PEAK_EWMA,
        Optional.empty(),
        new TrafficLimits(connections, pending, TrafficLimits.UNLIMITED),
        TrafficLimits.NONE);
  }

  /** What of the Service is in use, where it is limited. */
  ServiceLimits limits() {
    return controls.limits(SHOP.service());
  }

  /** A connection to the first endpoint. */
  ClientPod.Offer offer(Place place) {
    return new ClientPod.Offer(
        endpoints.ready().getFirst(), SHOP.service(), limits().connections(), place);
  }

  static RouteRule rule() {
    return rule(RetryPolicy.DEFAULT, Timeouts.NONE);
  }

  static RouteRule rule(RetryPolicy policy, Timeouts timeouts) {
    return rule(List.of(), policy, timeouts, new WeightedBackend(new Backend.Service(SHOP), 1));
  }

  static RouteRule rule(List<RouteMatch> matches, WeightedBackend... backends) {
    return rule(matches, RetryPolicy.DEFAULT, Timeouts.NONE, backends);
  }

  private static RouteRule rule(
      List<RouteMatch> matches,
      RetryPolicy policy,
      Timeouts timeouts,
      WeightedBackend... backends) {
    return new RouteRule(
        RouteOrigin.service(SHOP.service()),
        matches,
        new WeightedDraw(List.of(backends)),
        new RequestPolicy(timeouts, policy));
  }

  static ServicePort servicePort() {
    return new ServicePort(SHOP, "http", Protocol.HTTP, Duration.ZERO);
  }

  // --- who takes part ---

  /** A client's connection to the Service. */
  Wire client() {
    return client(
        new Destination.ServiceDestination(servicePort(), IpFamily.IPV4), CLUSTER_ADDRESS);
  }

  Wire client(Destination destination, InetSocketAddress original) {
    var wire = new Wire(ticker, allocator);
    clients.add(wire);
    proxy.install(wire, new OutboundContext(pod, destination, original));
    return wire;
  }

  /** A client's connection to the Service that speaks HTTP/2. */
  Http2Peer http2Client() {
    return http2Client(
        new Destination.ServiceDestination(servicePort(), IpFamily.IPV4), CLUSTER_ADDRESS);
  }

  Http2Peer http2Client(Destination destination, InetSocketAddress original) {
    return peer(Http2Peer.client(http2Wire(destination, original)));
  }

  /** A client's connection to the Service on which HTTP/2 is awaited, and nothing was sent. */
  Wire http2Wire() {
    return http2Wire(
        new Destination.ServiceDestination(servicePort(), IpFamily.IPV4), CLUSTER_ADDRESS);
  }

  private Wire http2Wire(Destination destination, InetSocketAddress original) {
    var wire = new Wire(ticker, allocator);
    clients.add(wire);
    proxy.installHttp2(wire, new OutboundContext(pod, destination, original));
    return wire;
  }

  /** A caller's connection to a pod of this node. */
  Wire caller(RequestGate gate) {
    var wire = new Wire(ticker, allocator);
    clients.add(wire);
    HttpProxy inbound = proxy.inbound();
    inbound.install(wire, inboundContext(inbound, gate));
    return wire;
  }

  /** The same, by HTTP/2. */
  Http2Peer http2Caller(RequestGate gate) {
    var wire = new Wire(ticker, allocator);
    clients.add(wire);
    HttpProxy inbound = proxy.inbound();
    inbound.installHttp2(wire, inboundContext(inbound, gate));
    return peer(Http2Peer.client(wire));
  }

  private InboundContext inboundContext(HttpProxy inbound, RequestGate gate) {
    SpiffeId identity = SpiffeId.workload("cluster.local", "pay", "till");
    Caller caller = new Caller(identity, address("10.1.0.9", 0), Security.MTLS);
    return new InboundContext(
        inbound.caller(caller, dials, () -> draining), workload(), address("10.1.0.1", 8080), gate);
  }

  /** The only upstream connection that was opened since the last call, and speaks HTTP/2. */
  Http2Peer openedHttp2() {
    return peer(Http2Peer.server(opened()));
  }

  Http2Peer openedHttp2(Http2Settings settings) {
    return peer(Http2Peer.server(opened(), settings));
  }

  private Http2Peer peer(Http2Peer peer) {
    peers.add(peer);
    return peer;
  }

  /** The only upstream connection that was opened since the last call. */
  Wire opened() {
    assertThat(dials.opened).describedAs("upstream connections opened").isNotEmpty();
    return dials.opened.pollFirst();
  }

  void passes(Duration time) {
    ticker.advance(time.toNanos(), TimeUnit.NANOSECONDS);
    turn();
  }

  /** Lets all that is due happen. */
  void turn() {
    for (int i = 0; i < 3; i++) {
      clients.forEach(Mesh::run);
      dials.all.forEach(Mesh::run);
      peers.forEach(Http2Peer::pump);
    }
  }

  private static void run(Wire wire) {
    wire.runPendingTasks();
    wire.runScheduledPendingTasks();
  }

  String metricsText() {
    var text = new StringWriter();
    try {
      metrics.writeText(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /** The value of the one series of this name whose labels contain all these, or 0. */
  double metric(String name, String... labels) {
    double sum = 0;
    for (String line : metricsText().lines().toList()) {
      if (line.startsWith(name + "{") && Arrays.stream(labels).allMatch(line::contains)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  private double faults() {
    return metricsText()
        .lines()
        .filter(line -> line.startsWith("weft_http_faults_total "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  Balancer balancer() {
    return balancers.of(new Backend.Service(SHOP));
  }

  EndpointSet endpointSet() {
    return endpoints;
  }

  /** Ends everything, and finds what was not given back. */
  @Override
  public void close() {
    for (Wire client : clients) {
      client.close();
    }
    pod.close();
    turn();
    dials.all.forEach(Wire::close);
    turn();
    assertThat(balancer().loads(endpoints))
        .allSatisfy(load -> assertThat(load.inHand()).describedAs("requests in hand").isZero());
    assertThat(pod.upstreams()).describedAs("upstream connections").isZero();
    for (ServiceLimits.Use use : ServiceLimits.Use.values()) {
      assertThat(limits().held(use)).describedAs("%s of the Service", use).isZero();
    }
    assertThat(limits().connections().waiting()).describedAs("waiting for a place").isZero();
    assertThat(faults()).describedAs("faults of the proxy itself").isZero();
    peers.forEach(Http2Peer::close);
    clients.forEach(Wire::finishAndReleaseAll);
    dials.all.forEach(Wire::finishAndReleaseAll);
    assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
        .describedAs("bytes in buffers that nobody released")
        .isZero();
  }

  static InetSocketAddress address(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }

  static Workload workload() {
    return new Workload(
        "uid-1",
        "web",
        "frontend-abc",
        "frontend",
        "default",
        "node-1",
        List.of(InetAddress.ofLiteral("10.1.0.1")),
        Map.of(),
        Exclusions.NONE,
        List.of());
  }

  /** Connects as it is told to. */
  final class Dials implements Dialer {
    final List<Wire> all = new ArrayList<>();
    final Deque<Wire> opened = new ArrayDeque<>();
    final List<Endpoint> tried = new ArrayList<>();
    final Deque<Unreachable.Reason> failures = new ArrayDeque<>();
    @Nullable Promise<Upstream> held;
    boolean hold;
    boolean right = true;

    @Override
    public Future<Upstream> connect(EventLoop loop, Endpoint endpoint) {
      tried.add(endpoint);
      Promise<Upstream> promise = loop.newPromise();
      Unreachable.Reason failure = failures.poll();
      if (failure != null) {
        return promise.setFailure(new Unreachable(failure, "told to fail"));
      }
      if (hold) {
        held = promise;
        return promise;
      }
      return promise.setSuccess(open());
    }

    Upstream open() {
      var wire = new Wire(ticker, allocator);
      all.add(wire);
      opened.add(wire);
      return new Upstream(wire, Security.MTLS, null);
    }

    @Override
    public boolean isStillRight(Endpoint endpoint, Security security) {
      return right;
    }
  }
}
