package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.FaultDraw;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tunnel.Caller;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The HTTP data plane of the process: takes captured connections over, and holds what they share.
 * Thread-safe.
 */
public final class HttpProxy {
  private final HttpSettings settings;
  private final SnapshotHolder snapshots;
  private final Balancers<Backend.Service> balancers;
  private final ServiceControls<ServiceKey> controls;
  private final FaultDraw faults;
  private final HttpMetrics metrics;
  private final RandomGenerator random;

  /**
   * The one of the process.
   *
   * @param balancers shared with TCP
   * @param controls shared with TCP
   * @param random safe to be used by several threads
   */
  public HttpProxy(
      HttpSettings settings,
      SnapshotHolder snapshots,
      Balancers<Backend.Service> balancers,
      ServiceControls<ServiceKey> controls,
      HttpMetrics metrics,
      RandomGenerator random) {
    this.settings = settings;
    this.snapshots = snapshots;
    this.balancers = balancers;
    this.controls = controls;
    this.faults = new FaultDraw(random);
    this.metrics = metrics;
    this.random = random;
    snapshots.listen((before, now) -> forgetServicesThatAreGone(now));
  }

  private HttpProxy(HttpProxy shared, HttpMetrics metrics) {
    settings = shared.settings;
    snapshots = shared.snapshots;
    balancers = shared.balancers;
    controls = shared.controls;
    faults = shared.faults;
    this.metrics = metrics;
    random = shared.random;
  }

  /** The same for what arrives at the pods of this node; its series say so. */
  public HttpProxy inbound() {
    return new HttpProxy(this, metrics.inbound());
  }

  /**
   * A pod that begins to be captured, as a client; to be closed when it is released.
   *
   * @param dialer opens connections that carry this pod's address and identity
   * @param leaving whether the pod leaves the mesh, or a successor has taken it over: the next
   *     answer of each of its connections then asks it to open another. Read for each answer; must
   *     not block.
   */
  public ClientPod clientPod(Workload workload, Dialer dialer, BooleanSupplier leaving) {
    return new ClientPod(ClientPod.Who.of(workload), dialer, leaving, settings, metrics);
  }

  /**
   * Who has opened one connection to a pod of this node. Nothing is shared with other connections:
   * theirs may have another address, or another identity.
   *
   * @param dialer connects to the pod's application, with the caller's address
   * @param leaving as with {@link #clientPod}, of the pod that is called
   */
  public ClientPod caller(Caller caller, Dialer dialer, BooleanSupplier leaving) {
    return new ClientPod(ClientPod.Who.of(caller), dialer, leaving, settings, metrics);
  }

  /**
   * Takes over a connection that speaks HTTP/1, and turns its reading on. Called on its event loop.
   *
   * @param client with auto-read off; perhaps with a handler in its pipeline that passes on, when
   *     reading is turned on, what was read before
   */
  public void install(DuplexChannel client, ClientContext context) {
    new ClientConnection(this, context, client).install();
  }

  /** As {@link #install}, for a connection that begins with the preface of HTTP/2. */
  public void installHttp2(DuplexChannel client, ClientContext context) {
    ClientSession.install(this, context, client);
  }

  HttpSettings settings() {
    return settings;
  }

  Snapshot snapshot() {
    return snapshots.get();
  }

  /**
   * When a client's connection of HTTP/2 without streams is ended if none comes from now on, in the
   * loop's time: after the idle time-out of the Service that it was opened to. One to an address
   * that is not balanced lasts as long as the upstream connection that it stands for. One of HTTP/1
   * is the client's to end: it could not be told, and a request be on its way.
   */
  long idleDeadline(ClientContext context, EventLoop loop) {
    if (!(context.destination() instanceof Destination.ServiceDestination to)) {
      return Deadline.NONE;
    }
    Duration timeout = snapshot().backendSettings(to.port().service()).idleTimeout();
    return timeout.isZero() ? Deadline.NONE : Deadline.now(loop) + timeout.toNanos();
  }

  Balancer balancer(Backend.Service backend, BackendSettings settings) {
    return balancers.of(backend, settings);
  }

  ServiceControls<ServiceKey> controls() {
    return controls;
  }

  FaultDraw faults() {
    return faults;
  }

  HttpMetrics metrics() {
    return metrics;
  }

  RandomGenerator random() {
    return random;
  }

  private void forgetServicesThatAreGone(Snapshot now) {
    balancers.retain(now::has);
    controls.retain(
        now.servicePorts().stream().map(ServicePortKey::service).collect(Collectors.toSet()),
        now.localPods().stream().map(Workload::uid).collect(Collectors.toSet()));
  }
}
