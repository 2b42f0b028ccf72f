package io.weftmesh.proxy.main;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.admin.AdminServer;
import io.weftmesh.proxy.admin.Readiness;
import io.weftmesh.proxy.admin.explain.Explanations;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.capture.Admissions;
import io.weftmesh.proxy.capture.Arrivals;
import io.weftmesh.proxy.capture.Capture;
import io.weftmesh.proxy.capture.CaptureSettings;
import io.weftmesh.proxy.capture.CapturedPod;
import io.weftmesh.proxy.capture.CapturedPods;
import io.weftmesh.proxy.capture.InboundConnections;
import io.weftmesh.proxy.capture.NodeAddresses;
import io.weftmesh.proxy.capture.OutboundConnections;
import io.weftmesh.proxy.capture.PodConnections;
import io.weftmesh.proxy.capture.PodStreams;
import io.weftmesh.proxy.capture.TcpMetrics;
import io.weftmesh.proxy.cluster.ClusterSource;
import io.weftmesh.proxy.cluster.KubernetesSource;
import io.weftmesh.proxy.cluster.ManifestSource;
import io.weftmesh.proxy.http.HttpMetrics;
import io.weftmesh.proxy.http.HttpProxy;
import io.weftmesh.proxy.http.HttpSettings;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.tcp.PausableEpoll;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Connector;
import io.weftmesh.proxy.tunnel.HboneServer;
import io.weftmesh.proxy.tunnel.TunnelMetrics;
import io.weftmesh.proxy.tunnel.TunnelPool;
import io.weftmesh.proxy.tunnel.TunnelSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All rooms of the process, wired from the bottom up, and their end.
 *
 * <p>The end is a drain: nothing is accepted any more (the redirector and the next generation hold
 * the listeners), clients are told to come back (HTTP/1.1 by {@code Connection: close}, tunnels by
 * GOAWAY), and what is open may go on until the deadline. No pod is released.
 */
final class NodeProxy {
  private static final Logger log = LoggerFactory.getLogger(NodeProxy.class);
  private static final long DRAIN_CHECK_NANOS = Duration.ofMillis(50).toNanos();

  /** A ca that is there tells the labels of pods within a fraction of it. */
  private static final Duration LABELS_WAIT = Duration.ofSeconds(3);

  private final Settings settings;
  private final Metrics metrics = new Metrics();
  private final Readiness readiness = new Readiness();
  private final SnapshotHolder snapshots = new SnapshotHolder();
  private final Balancers<Backend.Service> balancers =
      new Balancers<>(System::nanoTime, new ThreadRandom());
  private final ServiceControls<ServiceKey> controls = new ServiceControls<>(System::nanoTime);
  private final EventLoopGroup loops;
  private final MeshIdentity identity;
  private final TunnelPool tunnels;
  private final HboneServer hbone;
  private final OutboundConnections outbound;
  private final PodConnections connections;
  private final Capture capture;
  private final ScheduledExecutorService clusterThread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("weft-cluster").daemon(true).factory());
  private final ClusterSource cluster;
  private final AdminServer admin;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean draining;

  private NodeProxy(Settings settings) throws IOException {
    this.settings = settings;
    String generation = settings.node() + "-" + UUID.randomUUID().toString().substring(0, 8);
    ProcessMetrics.register(metrics);
    ServiceMetrics.register(metrics, snapshots, balancers, controls);
    identity = new MeshIdentity(settings, generation, metrics);
    loops =
        new MultiThreadIoEventLoopGroup(
            settings.loops(), new DefaultThreadFactory("weft-loop"), PausableEpoll.newFactory());

    CapturedPods pods = new CapturedPods();
    TcpMetrics tcpMetrics = new TcpMetrics(metrics);
    HttpProxy http = http();
    Admissions admissions = new Admissions(snapshots, metrics);
    Arrivals arrivals = new Arrivals(admissions, http, tcpMetrics);
    PodStreams streams = new PodStreams(admissions, arrivals);
    TunnelSettings tunnelSettings =
        TunnelSettings.DEFAULT.withIdentityWait(settings.identityWait());
    TunnelMetrics tunnelMetrics = new TunnelMetrics(metrics);
    Clock clock = Clock.systemUTC();
    tunnels = new TunnelPool(identity.tls(), tunnelSettings, tunnelMetrics, clock);
    hbone =
        new HboneServer(
            identity.identities(), identity.tls(), streams, tunnelSettings, tunnelMetrics, clock);
    Connector connector =
        new Connector(
            pods,
            streams,
            tunnels,
            identity.identities(),
            identity.directory(),
            snapshots,
            tunnelSettings);

    outbound =
        new OutboundConnections(
            snapshots,
            balancers,
            controls,
            connector,
            pods,
            identity.directory(),
            http,
            tcpMetrics);
    NodeAddresses nodeAddresses = new NodeAddresses(System::nanoTime);
    connections =
        new PodConnections(
            outbound, new InboundConnections(admissions, arrivals, nodeAddresses), hbone);
    capture =
        new Capture(
            new CaptureSettings(
                settings.redirector(),
                generation,
                settings.trustDomain(),
                settings.drainTimeout(),
                CaptureSettings.connectionsFor(ProcessMetrics.descriptorLimit())),
            eventLoops(),
            snapshots,
            identity.identities(),
            pods,
            connections,
            identity,
            this::drain,
            this::forget,
            nodeAddresses,
            metrics,
            System::nanoTime);
    cluster = follow(settings);
    addChecks();
    admin =
        AdminServer.start(
            settings.metrics(), settings.health(), metrics, explanations(pods), readiness);
  }

  private ClusterSource follow(Settings settings) throws IOException {
    return switch (settings.cluster()) {
      case Settings.Cluster.Manifests(Path folder) ->
          ManifestSource.follow(
              folder, settings.node(), identity.directory(), snapshots, metrics, clusterThread);
      case Settings.Cluster.ApiServer(Path kubeconfig) ->
          KubernetesSource.follow(
              kubeconfig == null ? null : Files.readString(kubeconfig),
              settings.node(),
              identity.directory(),
              snapshots,
              metrics,
              clusterThread,
              new ThreadRandom());
    };
  }

  /**
   * Starts all rooms.
   *
   * @throws IOException when a file can't be read or an address not be bound
   */
  static NodeProxy start(Settings settings) throws IOException {
    NodeProxy proxy = new NodeProxy(settings);
    proxy.identity.start();
    proxy.awaitLabels();
    proxy.capture.start();
    return proxy;
  }

  /** Until then connections wait in the pods' listeners, and would find subsets empty. */
  private void awaitLabels() {
    try {
      cluster.labelled().toCompletableFuture().get(LABELS_WAIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException absent) {
      log.warn("the ca has not told in {} which pods have the labels of shifts", LABELS_WAIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns when {@link #drainAndClose} is done. */
  void awaitClose() throws InterruptedException {
    closed.await();
  }

  /** Ends in order, within the drain time-out; to be called once. */
  void drainAndClose() {
    log.info(
        "draining: {} connections have {} to end", capture.openChannels(), settings.drainTimeout());
    draining = true;
    capture.stopAccepting();
    hbone.drain();
    tunnels.drain();
    long deadlineNanos = System.nanoTime() + settings.drainTimeout().toNanos();
    while (capture.openChannels() > 0 && System.nanoTime() - deadlineNanos < 0) {
      LockSupport.parkNanos(DRAIN_CHECK_NANOS);
    }
    log.info("ending, {} connections are cut", capture.openChannels());
    capture.close();
    cluster.close();
    clusterThread.shutdownNow();
    identity.close();
    admin.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    closed.countDown();
  }

  private Explanations explanations(CapturedPods pods) {
    return new Explanations(
        snapshots::get,
        settings.trustDomain(),
        new MeshPeers(pods, identity.directory()),
        identity.directory(),
        (backend, endpoints) -> balancers.of(backend).loads(endpoints));
  }

  private HttpProxy http() {
    return new HttpProxy(
        HttpSettings.DEFAULT.withMaxHeadBytes(settings.maxHeaderBytes()),
        snapshots,
        balancers,
        controls,
        new HttpMetrics(metrics),
        new ThreadRandom());
  }

  private List<EventLoop> eventLoops() {
    List<EventLoop> all = new ArrayList<>();
    loops.iterator().forEachRemaining(loop -> all.add((EventLoop) loop));
    return all;
  }

  private void drain(CapturedPod pod) {
    hbone.drain(pod);
    tunnels.release(pod);
    outbound.leave(pod);
  }

  private void forget(CapturedPod pod) {
    connections.forget(pod);
    tunnels.release(pod);
  }

  private void addChecks() {
    readiness.add(
        "process", () -> draining ? List.of("it drains, its successor serves") : List.of());
    readiness.add("cluster", cluster::notReady);
    readiness.add("identity", identity::notReady);
    readiness.add("capture", capture::notReady);
  }

  // Numbers of the calling thread: loops must not share a generator.
  private static final class ThreadRandom implements RandomGenerator {
    @Override
    public long nextLong() {
      return ThreadLocalRandom.current().nextLong();
    }
  }
}
