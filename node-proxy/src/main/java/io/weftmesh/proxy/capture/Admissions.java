package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.proxy.capture.AccessMetrics.Asked;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that are open to the pods of this node, so that those of a pod whose access rules
 * change are asked again. Thread-safe.
 */
public final class Admissions {
  private static final Logger log = LoggerFactory.getLogger(Admissions.class);

  private final SnapshotHolder snapshots;
  private final AccessMetrics metrics;
  private final Map<String, Set<Admission>> byPodUid = new ConcurrentHashMap<>();

  public Admissions(SnapshotHolder snapshots, Metrics metrics) {
    this.snapshots = snapshots;
    this.metrics = new AccessMetrics(metrics);
    snapshots.listen(this::reconsider);
  }

  @Nullable InboundPolicy policy(LocalPod target) {
    return target.inbound(snapshots.get());
  }

  /** Counts and logs what was decided; returns whether it goes on. */
  boolean told(Asked asked, Caller caller, LocalPod target, int port, AccessDecision decision) {
    return switch (decision) {
      case AccessDecision.Allow allowed -> true;
      case AccessDecision.Deny(String rule) -> {
        log.debug("{} to port {} of {}: {} denied: {}", caller, port, target, asked, rule);
        metrics.denied(asked, caller.label(), Arrivals.service(target), rule);
        yield false;
      }
      case AccessDecision.DryRunDeny(String rule) -> {
        log.debug("{} to port {} of {}: {} would be denied: {}", caller, port, target, asked, rule);
        metrics.wouldBeDenied(asked, caller.label(), Arrivals.service(target), rule);
        yield true;
      }
    };
  }

  /** Has it asked again whenever the rules change, until its channel is closed. */
  void add(Admission admission, Channel channel) {
    String uid = admission.target().workload().uid();
    byPodUid.compute(
        uid,
        (key, known) -> {
          Set<Admission> all = known == null ? ConcurrentHashMap.newKeySet() : known;
          all.add(admission);
          return all;
        });
    channel.closeFuture().addListener(closed -> remove(uid, admission));
  }

  private void remove(String uid, Admission admission) {
    byPodUid.computeIfPresent(
        uid,
        (key, known) -> {
          known.remove(admission);
          return known.isEmpty() ? null : known;
        });
  }

  /** Rules that did not change are the same objects, so that comparing them costs nothing. */
  private void reconsider(Snapshot before, Snapshot now) {
    byPodUid.forEach((uid, admissions) -> {
      InboundPolicy was = before.inbound(uid);
      InboundPolicy is = now.inbound(uid);
      if (is != null && (was == null || !is.access().equals(was.access()))) {
        admissions.forEach(Admission::reconsiderLater);
      }
    });
  }
}
