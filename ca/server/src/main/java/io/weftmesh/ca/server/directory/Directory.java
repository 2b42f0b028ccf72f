package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.Refusal;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.pods.Pods;
import io.weftmesh.ca.server.store.DurableMap;
import io.weftmesh.ca.server.telemetry.DirectoryMetrics;
import io.weftmesh.ca.v1.Open;
import io.weftmesh.ca.v1.WorkloadState;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workload directory: takes in pods and what nodes say of theirs, and tells every node.
 *
 * <p>Events are worked through in batches on one executor, one batch at a time: what comes in while
 * a batch is made durable shares the next one, so that a thousand pods captured at once cost a few
 * writes to disk and not a thousand. Thread-safe.
 */
public final class Directory {
  private static final Logger log = LoggerFactory.getLogger(Directory.class);

  /** How long the withdrawal of a pod waits for nodes that do not answer. */
  public static final Duration WITHDRAWAL_TIMEOUT = Duration.ofSeconds(2);

  /** A node that missed more than this many removals is told everything anew. */
  private static final int MAX_REMOVALS = 10_000;

  private static final int MAX_BATCH = 1000;

  private final ChangeLog changes = new ChangeLog(MAX_REMOVALS);
  private final Sessions sessions = new Sessions();
  private final Acknowledgements acknowledgements = new Acknowledgements();
  private final long epoch = new SecureRandom().nextLong(1, Long.MAX_VALUE);
  private final Membership membership;
  private final Predicate<NodeCaller> stillThere;
  private final Supplier<TrustBundle> bundles;
  private final Timer timer;
  private final Executor executor;
  private final DirectoryMetrics metrics;
  private final ConcurrentLinkedQueue<Event> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile @Nullable String trouble = "no complete list of pods yet";

  /** Runs something later. */
  @FunctionalInterface
  public interface Timer {
    void after(Duration delay, Runnable task);
  }

  private sealed interface Event {}

  private record PodsChanged(Pods pods, CompletableFuture<Void> takenIn) implements Event {}

  private record Captured(NodeCaller caller, String podUid, Runnable done) implements Event {}

  private record Withdrawal(
      NodeCaller caller, String podUid, CompletableFuture<Boolean> acknowledged) implements Event {}

  /**
   * @param capturedOnNode the pods that are captured, each with its node; used by the executor
   *     alone
   * @param stillThere whether a caller that was authenticated before still would be
   * @param bundles the published roots
   * @param executor where all work on the state is done; need not be of one thread
   */
  public Directory(
      String trustDomain,
      DurableMap capturedOnNode,
      Predicate<NodeCaller> stillThere,
      Supplier<TrustBundle> bundles,
      InstantSource clock,
      Timer timer,
      Executor executor,
      DirectoryMetrics metrics) {
    this.membership = new Membership(trustDomain, changes, capturedOnNode, clock);
    this.stillThere = stillThere;
    this.bundles = bundles;
    this.timer = timer;
    this.executor = executor;
    this.metrics = metrics;
  }

  /** All pods, as they are now. Completes when the directory shows them. */
  public CompletableFuture<Void> pods(Pods pods) {
    CompletableFuture<Void> takenIn = new CompletableFuture<>();
    submit(new PodsChanged(pods, takenIn));
    return takenIn;
  }

  /**
   * A node says that a pod is captured; only of its own pods it is believed.
   *
   * @param done called when the report has been worked through, for the next one to be taken
   */
  public void captured(NodeCaller caller, String podUid, Runnable done) {
    submit(new Captured(caller, podUid, done));
  }

  /**
   * Takes a pod of the caller out. Completes with true when all connected nodes have acknowledged
   * that, with false after two seconds; with {@link RefusedException} if the pod is another node's,
   * with {@link IOException} if it could not be made durable.
   */
  public CompletableFuture<Boolean> withdraw(NodeCaller caller, String podUid) {
    CompletableFuture<Boolean> acknowledged = new CompletableFuture<>();
    submit(new Withdrawal(caller, podUid, acknowledged));
    return acknowledged;
  }

  /** Begins to tell a process of a node: call {@link WatchSession#pump} when it takes messages. */
  public WatchSession open(NodeCaller caller, Open open, Outlet outlet) throws RefusedException {
    WatchSession session =
        new WatchSession(
            caller, open.getProcess(), changes, epoch, bundles, acknowledgements, outlet);
    sessions.add(session);
    session.begin(open.getEpoch(), open.getVersion());
    metrics.streams(sessions.all().size());
    log.info("{} watches as process {}", caller, open.getProcess());
    return session;
  }

  /** A stream has ended. */
  public void closed(WatchSession session) {
    sessions.remove(session);
    session.close();
    metrics.streams(sessions.all().size());
    log.info("{} no longer watches as process {}", session.caller(), session.process());
  }

  /** Tells every node of new roots, or whatever else there is to tell. */
  public void tellAll() {
    sessions.all().forEach(WatchSession::pump);
  }

  /** The connected nodes, each with the lowest bundle version that its processes acknowledged. */
  public Map<String, Long> acknowledgedBundles() {
    return sessions.acknowledgedBundles();
  }

  /** Why nodes should not rely on this directory now, if there is a reason. */
  public @Nullable String trouble() {
    return trouble;
  }

  private void submit(Event event) {
    events.add(event);
    if (waiting.getAndIncrement() == 0) {
      executor.execute(this::work);
    }
  }

  private void work() {
    int seen = waiting.get();
    do {
      List<Event> batch = new ArrayList<>();
      for (Event event = events.poll(); event != null; event = events.poll()) {
        batch.add(event);
        if (batch.size() == MAX_BATCH) {
          work(batch);
          batch.clear();
        }
      }
      work(batch);
      seen = waiting.addAndGet(-seen);
    } while (seen != 0);
  }

  private void work(List<Event> batch) {
    if (batch.isEmpty()) {
      return;
    }
    try {
      List<Consumer<@Nullable IOException>> afterwards = new ArrayList<>();
      batch.forEach(event -> takeIn(event, afterwards));
      IOException failure = commit();
      metrics.directory(
          changes.version(),
          membership.count(WorkloadState.EXPECTED),
          membership.count(WorkloadState.CAPTURED));
      tellAll();
      afterwards.forEach(action -> action.accept(failure));
    } catch (RuntimeException e) {
      log.error("A change of the directory failed", e);
      trouble = "a change of the directory failed: " + e;
      batch.forEach(event -> abandon(event, e));
    }
  }

  private void takeIn(Event event, List<Consumer<@Nullable IOException>> afterwards) {
    switch (event) {
      case PodsChanged changed -> {
        membership.pods(changed.pods());
        afterwards.add(failure -> podsTakenIn(changed, failure));
      }
      case Captured captured -> {
        report(captured);
        afterwards.add(_ -> captured.done().run());
      }
      case Withdrawal withdrawal -> {
        try {
          requireStillThere(withdrawal.caller());
          membership.withdraw(withdrawal.caller().node(), withdrawal.podUid());
          afterwards.add(failure -> withdrawn(withdrawal, failure));
        } catch (RefusedException e) {
          withdrawal.acknowledged().completeExceptionally(e);
        }
      }
    }
  }

  private static void abandon(Event event, RuntimeException why) {
    switch (event) {
      case PodsChanged changed -> changed.takenIn().completeExceptionally(why);
      case Captured captured -> captured.done().run();
      case Withdrawal withdrawal -> withdrawal.acknowledged().completeExceptionally(why);
    }
  }

  private void report(Captured captured) {
    NodeCaller caller = captured.caller();
    CaptureOutcome outcome =
        stillThere.test(caller)
            ? membership.captured(caller.node(), captured.podUid())
            : CaptureOutcome.REFUSED;
    metrics.captureReport(outcome.label());
    if (outcome == CaptureOutcome.REFUSED) {
      log.warn("Refused: {} reports pod {} as captured", caller, captured.podUid());
    }
  }

  private void requireStillThere(NodeCaller caller) throws RefusedException {
    if (!stillThere.test(caller)) {
      throw new RefusedException(Refusal.CALLER_POD_GONE, caller + " is no longer there");
    }
  }

  private @Nullable IOException commit() {
    try {
      membership.commit();
      return null;
    } catch (IOException e) {
      log.error("What is captured could not be kept", e);
      trouble = "what is captured could not be kept: " + e.getMessage();
      return e;
    }
  }

  private void podsTakenIn(PodsChanged changed, @Nullable IOException failure) {
    if (changed.pods().complete() && failure == null) {
      trouble = null;
    }
    for (WatchSession session : sessions.all()) {
      if (!stillThere.test(session.caller())) {
        log.info("{} is no longer there; its stream is ended", session.caller());
        session.refuse();
      }
    }
    changed.takenIn().complete(null);
  }

  private void withdrawn(Withdrawal withdrawal, @Nullable IOException failure) {
    if (failure != null) {
      withdrawal.acknowledged().completeExceptionally(failure);
      return;
    }
    CompletableFuture<Boolean> all = acknowledgements.await(changes.version());
    if (!all.isDone()) {
      timer.after(WITHDRAWAL_TIMEOUT, () -> all.complete(false));
    }
    Future<?> _ =
        all.thenAccept(byAll -> {
          metrics.withdrawal(byAll);
          withdrawal.acknowledged().complete(byAll);
        });
  }
}
