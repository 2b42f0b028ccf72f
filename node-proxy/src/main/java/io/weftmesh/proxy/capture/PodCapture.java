package io.weftmesh.proxy.capture;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.HeldPod;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod on its way into the mesh and out of it.
 *
 * <p>There is no list of events to work off, only what is wanted and what is: each {@link #step}
 * compares the two, does what is missing in the order that the design's section on the life of a
 * captured pod gives, and can be repeated at any time. Whatever happens (the redirector restarts,
 * the ca is away, the label comes back while the pod drains) only wakes the pod for another step.
 *
 * <pre>
 * in:   open listeners, accept from them, arm the rules, get the identity, report captured
 * out:  withdraw at the ca, disarm, let connections end, release
 * </pre>
 *
 * <p>Steps of one pod never run side by side; {@link #wake} may be called by any thread.
 */
final class PodCapture {
  private static final Logger log = LoggerFactory.getLogger(PodCapture.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);

  /** A connection that was redirected in the last moment is accepted within this time. */
  private static final Duration SETTLE = Duration.ofSeconds(1);

  /** The ca itself answers after two seconds at the latest. */
  private static final Duration WITHDRAWAL = Duration.ofSeconds(4);

  private final String uid;
  private final Capture capture;
  private final AtomicInteger wakes = new AtomicInteger();

  /** What is wanted: null for a pod that is to leave the mesh, or has left its node. */
  private volatile @Nullable Workload wanted;

  private volatile boolean abandoned;
  private volatile String problem = "waits for its turn";

  // Changed by steps alone, read by others.
  private volatile @Nullable CapturedPod pod;
  private volatile @Nullable PodListeners listeners;

  // Confined to the steps.
  private @Nullable PodRef ref;
  private @Nullable SpiffeId identity;
  private String redirector = "";
  private boolean armed;
  private boolean reported;
  private boolean withdrawn;
  private boolean disarmed;
  private long disarmedAtNanos;
  private int failures;

  PodCapture(String uid, Capture capture) {
    this.uid = uid;
    this.capture = capture;
  }

  /** Changes what is wanted; null to let the pod go. */
  void want(@Nullable Workload workload) {
    wanted = workload;
    wake();
  }

  /** The pod has ended: everything of it is closed at once. */
  void abandon() {
    abandoned = true;
    wake();
  }

  /** Lets the pod compare what is wanted with what is; any thread. */
  void wake() {
    if (wakes.getAndIncrement() == 0) {
      capture.run(this::run);
    }
  }

  /** Why the pod is not captured though it should be; empty when it is, or needn't be. */
  String problem() {
    return problem;
  }

  boolean isWanted() {
    return wanted != null;
  }

  /** Gives idle sockets back. */
  void trim() {
    CapturedPod now = pod;
    if (now != null) {
      now.trim();
    }
  }

  /** Accepts nothing more; what was accepted goes on, and nothing unused is kept. */
  void stopAccepting() {
    CapturedPod here = pod;
    if (here != null) {
      here.setLeaving(true);
      capture.drain(here);
    }
    PodListeners now = listeners;
    if (now != null) {
      now.close();
    }
  }

  int openChannels() {
    CapturedPod now = pod;
    return now == null ? 0 : now.openChannels();
  }

  /** The process ends: what is open is closed, and the pod stays captured. */
  void close() {
    CapturedPod now = pod;
    if (now != null) {
      now.close();
    }
  }

  @Override
  public String toString() {
    CapturedPod now = pod;
    Workload workload = wanted;
    return now != null ? now.toString() : workload != null ? workload.toString() : uid;
  }

  private void run() {
    int seen;
    do {
      seen = wakes.get();
      step();
    } while (!wakes.compareAndSet(seen, 0));
  }

  private void step() {
    try {
      Workload workload = wanted;
      if (abandoned) {
        abandoned = false;
        forget();
        if (workload == null) {
          capture.gone(uid, this);
          return;
        }
      }
      if (capture.isStopping()) {
        return;
      }
      if (workload != null) {
        take(workload, capture.link().connectedClient());
      } else if (letGo(capture.link().connectedClient())) {
        capture.gone(uid, this);
      }
      failures = 0;
    } catch (RedirectorException failure) {
      failed(failure.reason(), failure);
    } catch (IOException failure) {
      failed(Reason.INTERNAL, failure);
    } catch (RuntimeException failure) {
      log.error("pod {} could not be captured or released", uid, failure);
      failed(Reason.INTERNAL, failure);
    }
  }

  private void take(Workload workload, RedirectorClient client) throws IOException {
    withdrawn = false;
    SpiffeId id = capture.identityOf(workload);
    if (identity == null) {
      identity = id;
      capture.identities().require(id);
    }
    PodRef now = PodRefs.of(workload);
    if (pod == null) {
      open(workload, id, now, client);
    } else if (!redirector.equals(client.instance())) {
      restore(now, client);
    } else if (!now.equals(ref)) {
      reopen(now, client);
    }
    CapturedPod taken = pod;
    if (taken != null) {
      taken.setLeaving(capture.isStopping());
      taken.update(workload, capture.inboundPolicy(uid));
    }
    boolean identified = capture.identities().current(id) != null;
    if (!identified) {
      capture.identities().ready(id).whenComplete((ready, failure) -> wake());
      if (capture.withoutIdentity(uid) == WithoutIdentity.PASSTHROUGH && !armed) {
        problem = "has no identity yet; its traffic passes in plaintext, as its MeshSecurity says";
        return;
      }
    }
    if (!armed || disarmed) {
      client.arm(uid);
      armed = true;
      disarmed = false;
      log.info("pod {} is captured{}", workload, identified ? "" : ", its identity is awaited");
    }
    if (!identified) {
      problem = "waits for an identity from the ca: " + id;
      return;
    }
    if (!reported) {
      capture.reports().captured(uid);
      reported = true;
    }
    problem = "";
  }

  private void open(Workload workload, SpiffeId id, PodRef now, RedirectorClient client)
      throws IOException {
    OpenedPod opened = client.open(now);
    CapturedPod made = capture.newPod(workload, id);
    PodListeners accepting = capture.listen(made, opened.listeners());
    made.whenIdle(this::wake);
    pod = made;
    listeners = accepting;
    ref = now;
    redirector = client.instance();
    armed = opened.state() == CaptureState.ARMED;
    disarmed = opened.state() == CaptureState.DRAINING;
    made.update(workload, capture.inboundPolicy(uid));
    capture.pods().add(made);
    accepting.open();
    if (capture.isStopping()) {
      // The end began meanwhile, and found nothing here to stop.
      stopAccepting();
    }
  }

  /** The redirector was restarted: it gets the listeners back, or the pod is another one by now. */
  private void restore(PodRef now, RedirectorClient client) throws IOException {
    PodListeners held = listeners;
    if (held == null) {
      return;
    }
    try {
      CaptureState state = client.restore(new HeldPod(now, held.held()));
      redirector = client.instance();
      ref = now;
      armed = state == CaptureState.ARMED;
      disarmed = state == CaptureState.DRAINING;
    } catch (RedirectorException failure) {
      if (failure.reason() == Reason.NOT_ITS_LISTENERS) {
        forget();
        wake();
        return;
      }
      throw failure;
    }
  }

  /** The pod's exclusions have changed: its rules follow; the listeners are the same. */
  private void reopen(PodRef now, RedirectorClient client) throws IOException {
    client.open(now).close();
    ref = now;
  }

  /**
   * @return true when nothing is left of the pod
   */
  private boolean letGo(RedirectorClient client) throws IOException {
    problem = "";
    reported = false;
    PodRef held = ref;
    if (held != null && !redirector.equals(client.instance())) {
      // One that was restarted knows nothing of the pod, and would leave its rules where they are.
      restore(held, client);
      if (pod == null) {
        return false;
      }
    }
    if (!withdrawn) {
      if (!withdraw()) {
        return false;
      }
      withdrawn = true;
    }
    if (!disarmed) {
      client.disarm(uid);
      disarmed = true;
      armed = false;
      disarmedAtNanos = capture.nanoTime();
      CapturedPod leaving = pod;
      if (leaving != null) {
        leaving.setLeaving(true);
        capture.drain(leaving);
      }
    }
    // Another process may still carry connections of a pod that this one has never opened.
    CapturedPod draining = pod;
    boolean idle = draining != null && draining.openChannels() == 0;
    Duration patience = idle ? SETTLE : capture.drainTimeout();
    long leftNanos = disarmedAtNanos + patience.toNanos() - capture.nanoTime();
    if (leftNanos > 0) {
      capture.wakeAfter(Duration.ofNanos(leftNanos), this);
      return false;
    }
    client.release(uid);
    forget();
    log.info("pod {} has left the mesh", uid);
    return true;
  }

  private boolean withdraw() {
    try {
      capture
          .reports()
          .withdraw(uid)
          .toCompletableFuture()
          .get(WITHDRAWAL.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException failure) {
      // Peers would go on speaking mutual TLS to a pod that no longer understands it.
      problem = "stays captured until the ca can be told otherwise: " + failure.getMessage();
      log.warn("pod {} {}", uid, problem);
      retry();
      return false;
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Closes all that this process has of the pod. */
  private void forget() {
    PodListeners accepting = listeners;
    if (accepting != null) {
      accepting.close();
      listeners = null;
    }
    CapturedPod gone = pod;
    if (gone != null) {
      capture.pods().remove(gone);
      gone.whenIdle(() -> {});
      gone.close();
      capture.closed(gone);
      pod = null;
    }
    if (identity != null) {
      capture.identities().release(identity);
      identity = null;
    }
    armed = false;
    disarmed = false;
    reported = false;
    ref = null;
  }

  private void failed(Reason reason, Exception failure) {
    String now = String.valueOf(failure.getMessage());
    if (reason == Reason.NOT_OPEN) {
      if (wanted == null) {
        // Somebody else has released the pod: nothing is left to be done.
        forget();
        capture.gone(uid, this);
        return;
      }
      forget();
    }
    capture.metrics().failed(reason);
    // Of the redirector's absence the link tells, once and not for each pod.
    if (!now.equals(problem) && reason != Reason.DISCONNECTED) {
      log.warn("pod {} is not captured: {}", wanted == null ? uid : wanted, now);
    }
    problem = now;
    if (reason != Reason.DISCONNECTED) {
      retry();
    }
  }

  private void retry() {
    failures++;
    long millis = FIRST_RETRY.toMillis() << Math.min(failures - 1, 10);
    capture.wakeAfter(Duration.ofMillis(Math.min(millis, LONGEST_RETRY.toMillis())), this);
  }
}
