package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.identity.Identities;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.redirector.lease.Listeners;
import io.weftmesh.redirector.lease.PodState;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.RedirectorState;
import java.io.Closeable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the pods of this node captured that the snapshot says are to be: the one place where what
 * users want of pods and what the redirector has done meet. See {@link PodCapture} for the life of
 * a single pod.
 *
 * <p>Thread-safe. Blocking work is done on threads of its own, a few pods at a time.
 */
public final class Capture implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(Capture.class);

  /** Pods are captured this many at a time: each step runs iptables a few times. */
  private static final int SIDE_BY_SIDE = 4;

  private static final Duration TRIM = Duration.ofSeconds(30);

  private final CaptureSettings settings;
  private final List<EventLoop> loops;
  private final SnapshotHolder snapshots;
  private final Identities identities;
  private final CapturedPods pods;
  private final Connections connections;
  private final CaptureReports reports;
  private final Consumer<CapturedPod> drain;
  private final Consumer<CapturedPod> closed;
  private final NodeAddresses nodeAddresses;
  private final LongSupplier nanoClock;
  private final Limit acceptedInTotal;
  private final CaptureMetrics metrics;
  private final RedirectorLink link;
  private final Map<String, PodCapture> captures = new ConcurrentHashMap<>();
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("weft-capture-timer").daemon(true).factory());
  private final ExecutorService steps =
      Executors.newFixedThreadPool(
          SIDE_BY_SIDE, Thread.ofPlatform().name("weft-capture-", 0).daemon(true).factory());
  private volatile boolean stopping;

  /**
   * Captures nothing yet.
   *
   * @param loops the event loops that carry traffic
   * @param pods where captured pods are found by their address
   * @param connections takes what the pods' listeners accept
   * @param drain closes what a leaving pod has unused, and tells its peers to come directly
   * @param closed forgets what was kept for a pod
   */
  public Capture(
      CaptureSettings settings,
      List<EventLoop> loops,
      SnapshotHolder snapshots,
      Identities identities,
      CapturedPods pods,
      Connections connections,
      CaptureReports reports,
      Consumer<CapturedPod> drain,
      Consumer<CapturedPod> closed,
      NodeAddresses nodeAddresses,
      Metrics metrics,
      LongSupplier nanoClock) {
    this.settings = settings;
    this.loops = List.copyOf(loops);
    this.snapshots = snapshots;
    this.identities = identities;
    this.pods = pods;
    this.connections = connections;
    this.reports = reports;
    this.drain = drain;
    this.closed = closed;
    this.nodeAddresses = nodeAddresses;
    this.nanoClock = nanoClock;
    this.acceptedInTotal = new Limit(settings.maxConnections());
    this.metrics = new CaptureMetrics(metrics);
    this.link =
        new RedirectorLink(settings.redirector(), settings.generation(), this.metrics, timer);
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Begins to capture what the snapshot asks for, now and whenever it changes. */
  public void start() {
    link.start(
        new RedirectorLink.Listener() {
          @Override
          public void connected(RedirectorClient client) {
            readNodeAddresses();
            reconcile(snapshots.get());
            captures.values().forEach(PodCapture::wake);
          }

          @Override
          public void abandoned(String podUid) {
            PodCapture known = captures.get(podUid);
            if (known != null) {
              known.abandon();
            }
          }
        });
    nodeAddresses.onUnknown(() -> run(this::readNodeAddresses));
    snapshots.listen((before, now) -> run(() -> reconcile(snapshots.get())));
    timer.scheduleWithFixedDelay(
        () -> captures.values().forEach(PodCapture::trim),
        TRIM.toSeconds(),
        TRIM.toSeconds(),
        TimeUnit.SECONDS);
  }

  /** What keeps a pod of this node from being captured, a line each. */
  public List<String> notReady() {
    List<String> lines = new ArrayList<>(link.problems());
    for (PodCapture capture : captures.values()) {
      if (capture.isWanted() && !capture.problem().isEmpty()) {
        lines.add("pod " + capture + " is not captured: " + capture.problem());
      }
    }
    return lines;
  }

  /**
   * Accepts no further connection. The listeners stay open in the redirector and in the next
   * generation; what was accepted goes on, and sockets are leased for it as before.
   */
  public void stopAccepting() {
    stopping = true;
    captures.values().forEach(PodCapture::stopAccepting);
  }

  /** Connections of all pods that are open. */
  public int openChannels() {
    return captures.values().stream().mapToInt(PodCapture::openChannels).sum();
  }

  /** Closes every connection. No pod is released: that is what the label is for. */
  @Override
  public void close() {
    stopAccepting();
    steps.shutdown();
    timer.shutdown();
    captures.values().forEach(PodCapture::close);
    link.close();
  }

  private synchronized void reconcile(Snapshot snapshot) {
    if (stopping || snapshot.version() == 0) {
      return;
    }
    for (Workload workload : snapshot.localPods()) {
      captures.computeIfAbsent(workload.uid(), uid -> new PodCapture(uid, this)).want(workload);
    }
    metrics.expected.set(snapshot.localPods().size());
    captures.forEach((uid, capture) -> {
      if (snapshot.localPod(uid) == null && capture.isWanted()) {
        capture.want(null);
      }
    });
    releaseOrphans(snapshot);
  }

  /** Pods that an earlier process has captured and that left the mesh while none ran. */
  private void releaseOrphans(Snapshot snapshot) {
    RedirectorClient client = link.client();
    if (client == null) {
      return;
    }
    try (RedirectorState state = client.list(false)) {
      for (PodState open : state.pods()) {
        String uid = open.pod().uid();
        if (snapshot.localPod(uid) == null && !captures.containsKey(uid)) {
          log.info("pod {} is not to be in the mesh any more, it is let go", open.pod());
          captures.computeIfAbsent(uid, orphan -> new PodCapture(orphan, this)).want(null);
        }
      }
    } catch (RedirectorException failure) {
      log.warn("the redirector's pods are not known: {}", failure.getMessage());
    }
  }

  private void readNodeAddresses() {
    RedirectorClient client = link.client();
    if (client == null) {
      return;
    }
    try {
      nodeAddresses.set(client.nodeAddresses(true));
    } catch (RedirectorException failure) {
      log.warn("the node's own addresses are not known: {}", failure.getMessage());
    }
  }

  CapturedPod newPod(Workload workload, SpiffeId identity) {
    String uid = workload.uid();
    metrics.captured.add(1);
    return new CapturedPod(
        workload,
        identity,
        LoopShard.of(uid, loops),
        (family, count) -> link.lease(uid, family, count),
        metrics);
  }

  PodListeners listen(CapturedPod pod, Listeners listeners) {
    return new PodListeners(pod, listeners, connections, acceptedInTotal, metrics);
  }

  SpiffeId identityOf(Workload workload) {
    return SpiffeId.workload(
        settings.trustDomain(), workload.namespace(), workload.serviceAccount());
  }

  @Nullable InboundPolicy inboundPolicy(String podUid) {
    return snapshots.get().inbound(podUid);
  }

  WithoutIdentity withoutIdentity(String podUid) {
    InboundPolicy policy = inboundPolicy(podUid);
    return policy == null ? WithoutIdentity.WAIT : policy.security().withoutIdentity();
  }

  void drain(CapturedPod pod) {
    drain.accept(pod);
  }

  void closed(CapturedPod pod) {
    metrics.captured.add(-1);
    closed.accept(pod);
  }

  synchronized void gone(String uid, PodCapture capture) {
    if (!capture.isWanted()) {
      captures.remove(uid, capture);
    }
  }

  void run(Runnable step) {
    try {
      steps.execute(step);
    } catch (RejectedExecutionException ending) {
      log.debug("the process ends, no pod is captured or released any more");
    }
  }

  void wakeAfter(Duration delay, PodCapture capture) {
    try {
      timer.schedule(capture::wake, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException ending) {
      log.debug("the process ends, no pod is captured or released any more");
    }
  }

  RedirectorLink link() {
    return link;
  }

  Identities identities() {
    return identities;
  }

  CapturedPods pods() {
    return pods;
  }

  CaptureReports reports() {
    return reports;
  }

  CaptureMetrics metrics() {
    return metrics;
  }

  Duration drainTimeout() {
    return settings.drainTimeout();
  }

  boolean isStopping() {
    return stopping;
  }

  long nanoTime() {
    return nanoClock.getAsLong();
  }
}
