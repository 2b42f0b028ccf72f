package io.weftmesh.ca.server.directory;

import com.google.protobuf.UnsafeByteOperations;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.node.Refusal;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.pods.Pod;
import io.weftmesh.ca.server.pods.Pods;
import io.weftmesh.ca.server.store.DurableMap;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.ca.v1.WorkloadState;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which pods are in the directory, and in which state:
 *
 * <ul>
 *   <li><em>expected</em>: opted in and bound to a node;
 *   <li><em>captured</em>: its node has said so. Nothing that merely fails takes that back, for
 *       peers would go to plaintext: only the node's withdrawal does, or the pod's end. A pod whose
 *       label was taken away is captured until its node has withdrawn it;
 *   <li>no longer in it, though still opted in: withdrawn, until its node reports it again or the
 *       label has been away.
 * </ul>
 *
 * <p>Of a pod that leaves, nodes are told whether it has ended: its address is then another's,
 * where that of a pod that lives on outside the mesh is still its own. A pod that is missing counts
 * as ended even while the list of pods is incomplete: for nodes that can only mean less plaintext.
 *
 * <p>Events go in through {@link #pods}, {@link #captured} and {@link #withdraw}, and {@link
 * #commit} makes what they changed durable and then visible in the {@link ChangeLog}. Confined to
 * one thread.
 */
final class Membership {
  private static final Logger log = LoggerFactory.getLogger(Membership.class);

  /**
   * How long a pod must be missing to be gone. Its UID never comes back in a cluster; in a folder
   * that somebody edits it may, and would come back as not captured.
   */
  static final Duration GONE_AFTER = Duration.ofMinutes(1);

  /** More pods than a node runs. */
  static final int MAX_EARLY_PER_NODE = 1024;

  private final String trustDomain;
  private final ChangeLog changes;
  private final DurableMap capturedOnNode;
  private final InstantSource clock;
  private final AddressOwners owners = new AddressOwners();
  private final Map<String, Entry> entries = new HashMap<>();
  private final Set<String> withdrawn = new HashSet<>();
  private final Map<String, Set<String>> early = new HashMap<>();
  private final Map<String, Instant> missingSince = new HashMap<>();
  private final Map<String, String> toCapture = new HashMap<>();
  private final Set<String> toRelease = new HashSet<>();
  private final Set<String> dirty = new HashSet<>();
  private Pods pods = Pods.NONE;
  private boolean durable = true;

  /** What stands in the directory of a pod. */
  private record Entry(
      String namespace,
      String name,
      String serviceAccount,
      String node,
      List<InetAddress> addresses,
      WorkloadState state,
      Map<String, String> labels) {}

  /**
   * @param capturedOnNode the pods that are captured, each with its node
   */
  Membership(
      String trustDomain, ChangeLog changes, DurableMap capturedOnNode, InstantSource clock) {
    this.trustDomain = trustDomain;
    this.changes = changes;
    this.capturedOnNode = capturedOnNode;
    this.clock = clock;
  }

  /** How many pods are in a state. */
  int count(WorkloadState state) {
    return (int) entries.values().stream().filter(entry -> entry.state() == state).count();
  }

  /** Takes in all pods at a moment. */
  void pods(Pods now) {
    pods.all().forEach(pod -> dirty.add(pod.uid()));
    pods = now;
    owners.update(now);
    now.all().forEach(this::look);
    early.keySet().removeIf(node -> now.onNode(node).isEmpty());
    withdrawn.removeIf(uid -> now.byUid(uid) == null);
    releaseGone();
  }

  private void look(Pod pod) {
    dirty.add(pod.uid());
    if (!pod.optedIn()) {
      withdrawn.remove(pod.uid());
    }
    if (pod.ended()) {
      release(pod.uid());
    } else if (pod.optedIn() && forgetEarly(pod.node(), pod.uid())) {
      capture(pod);
    }
  }

  /** Forgets the captured pods that are gone, once that is beyond doubt. */
  private void releaseGone() {
    missingSince.keySet().removeIf(uid -> pods.byUid(uid) != null);
    if (!pods.complete()) {
      return;
    }
    Instant now = clock.instant();
    for (String uid : capturedOnNode.entries().keySet()) {
      if (pods.byUid(uid) == null
          && !missingSince.computeIfAbsent(uid, _ -> now).plus(GONE_AFTER).isAfter(now)) {
        release(uid);
      }
    }
    missingSince.keySet().removeAll(toRelease);
  }

  /** A node says that a pod is captured. */
  CaptureOutcome captured(String node, String podUid) {
    Pod pod = pods.byUid(podUid);
    if (pod != null && !pod.node().isEmpty() && !pod.node().equals(node)) {
      return CaptureOutcome.REFUSED;
    }
    if (pod != null && isCaptured(pod)) {
      return CaptureOutcome.REPEATED;
    }
    if (pod == null || !pod.optedIn() || !pod.livesOn(node)) {
      Set<String> waiting = early.computeIfAbsent(node, _ -> new HashSet<>());
      if (waiting.size() >= MAX_EARLY_PER_NODE && !waiting.contains(podUid)) {
        return CaptureOutcome.REFUSED;
      }
      waiting.add(podUid);
      return CaptureOutcome.EARLY;
    }
    capture(pod);
    return CaptureOutcome.ACCEPTED;
  }

  /** A node takes one of its pods out of the directory; no error if it is not in it. */
  void withdraw(String node, String podUid) throws RefusedException {
    Pod pod = pods.byUid(podUid);
    String owner = pod == null ? capturedOnNode.entries().get(podUid) : pod.node();
    if (owner != null && !owner.isEmpty() && !owner.equals(node)) {
      throw new RefusedException(
          Refusal.POD_OF_OTHER_NODE, "pod " + podUid + " is on node " + owner);
    }
    forgetEarly(node, podUid);
    release(podUid);
    if (pod != null && pod.optedIn()) {
      withdrawn.add(podUid);
    }
    dirty.add(podUid);
  }

  /**
   * Makes what happened durable, then visible.
   *
   * @throws IOException if it is not durable; it is visible all the same, since the other way round
   *     a full disk would send peers to a captured pod in plaintext
   */
  void commit() throws IOException {
    try {
      if (!durable || !toCapture.isEmpty() || !toRelease.isEmpty()) {
        durable = false;
        capturedOnNode.update(toCapture, toRelease);
        durable = true;
      }
    } finally {
      toCapture.clear();
      toRelease.clear();
      dirty.forEach(this::publish);
      dirty.clear();
      changes.labelKeys(pods.labelKeys());
    }
  }

  private void publish(String podUid) {
    Pod pod = pods.byUid(podUid);
    Entry now = pod == null ? null : entry(pod);
    if (now == null) {
      entries.remove(podUid);
      changes.remove(podUid, pod == null || pod.ended());
    } else if (!now.equals(entries.put(podUid, now))) {
      try {
        changes.put(workload(podUid, now));
      } catch (IllegalArgumentException e) {
        entries.remove(podUid);
        log.warn("Pod {} has no identity and stays outside: {}", pod, e.getMessage());
      }
    }
  }

  private @Nullable Entry entry(Pod pod) {
    if (pod.ended() || pod.node().isEmpty()) {
      return null;
    }
    boolean captured = isCaptured(pod);
    if (!captured && (!pod.optedIn() || withdrawn.contains(pod.uid()))) {
      return null;
    }
    return new Entry(
        pod.namespace(),
        pod.name(),
        pod.serviceAccount(),
        pod.node(),
        owners.addressesOf(pod),
        captured ? WorkloadState.CAPTURED : WorkloadState.EXPECTED,
        pod.labels());
  }

  private Workload workload(String podUid, Entry entry) {
    Workload.Builder workload =
        Workload.newBuilder()
            .setPodUid(podUid)
            .setNamespace(entry.namespace())
            .setName(entry.name())
            .setServiceAccount(entry.serviceAccount())
            .setNode(entry.node())
            .setSpiffeId(
                SpiffeId.workload(trustDomain, entry.namespace(), entry.serviceAccount())
                    .toString()
                    .intern())
            .setState(entry.state())
            .putAllLabels(entry.labels());
    for (InetAddress address : entry.addresses()) {
      workload.addAddresses(UnsafeByteOperations.unsafeWrap(address.getAddress()));
    }
    return workload.build();
  }

  private boolean isCaptured(Pod pod) {
    if (toRelease.contains(pod.uid())) {
      return false;
    }
    String node = toCapture.getOrDefault(pod.uid(), capturedOnNode.entries().get(pod.uid()));
    return pod.node().equals(node);
  }

  private void capture(Pod pod) {
    withdrawn.remove(pod.uid());
    toRelease.remove(pod.uid());
    toCapture.put(pod.uid(), pod.node());
    dirty.add(pod.uid());
  }

  private void release(String podUid) {
    toCapture.remove(podUid);
    if (capturedOnNode.entries().containsKey(podUid)) {
      toRelease.add(podUid);
    }
    dirty.add(podUid);
  }

  private boolean forgetEarly(String node, String podUid) {
    Set<String> waiting = early.get(node);
    return waiting != null && waiting.remove(podUid);
  }
}
