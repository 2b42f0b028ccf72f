package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.v1.Workload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The workloads of the mesh in the order of their last change, so that whoever knows the state up
 * to some version can be told the rest.
 *
 * <p>There is no log of messages and no queue per reader. Each change has a version of its own, and
 * each pod stands in the order once, at its last one: a reader that is slow, or was away, skips
 * what was overwritten meanwhile, and costs no memory. A pod that is gone stays as a removal, which
 * says whether the pod has ended or lives on outside the mesh. Of those only so many are kept; a
 * reader that is further behind than the oldest gets everything anew.
 *
 * <p>Thread-safe.
 */
final class ChangeLog {
  /** Zero is for readers that know nothing. */
  private static final long FIRST_VERSION = 1;

  private final int maxRemovals;
  private final TreeMap<Long, Change> inOrder = new TreeMap<>();
  private final Map<String, Long> lastChange = new HashMap<>();
  private final TreeMap<Long, String> removals = new TreeMap<>();
  private long version = FIRST_VERSION;
  private Set<String> labelKeys = Set.of();

  /**
   * When the keys changed last. A full state tells them even if they never did: an older ca tells
   * none, which is not the same as that there are none.
   */
  private long labelKeysVersion = FIRST_VERSION;

  /** The version of the newest removal that is no longer known. */
  private long forgotten;

  private record Change(String podUid, @Nullable Workload workload, boolean ended) {
    boolean isRemoval() {
      return workload == null;
    }
  }

  /**
   * A part of what follows some version.
   *
   * @param removedPodUids the pods that are gone, for whatever reason
   * @param endedPodUids those of them that live no more
   * @param labelKeys the keys of the labels that workloads carry; null if they are what they were
   * @param version what a reader knows when it has taken this part in
   * @param last whether that is all there is now
   */
  record Part(
      List<Workload> workloads,
      List<String> removedPodUids,
      List<String> endedPodUids,
      @Nullable Set<String> labelKeys,
      long version,
      boolean last) {

    /** Whether a reader would learn nothing of it. */
    boolean isEmpty() {
      return workloads.isEmpty() && removedPodUids.isEmpty() && labelKeys == null;
    }
  }

  ChangeLog(int maxRemovals) {
    this.maxRemovals = maxRemovals;
  }

  synchronized long version() {
    return version;
  }

  /** How many workloads there are. */
  synchronized int size() {
    return inOrder.size() - removals.size();
  }

  synchronized void put(Workload workload) {
    change(new Change(workload.getPodUid(), workload, false));
  }

  /**
   * The workloads carry labels under these keys from now on. To be said after the workloads have
   * been put that carry them: whoever knows of a key is to know who has it.
   */
  synchronized void labelKeys(Set<String> keys) {
    if (!keys.equals(labelKeys)) {
      labelKeys = Set.copyOf(keys);
      labelKeysVersion = ++version;
    }
  }

  /**
   * Takes a pod out. One that is out already is news if it has ended since, or has not after all;
   * else, and if it was never in, nothing changes.
   *
   * @param ended whether it lives no more
   */
  synchronized void remove(String podUid, boolean ended) {
    Long known = lastChange.get(podUid);
    Change before = known == null ? null : inOrder.get(known);
    if (before == null || (before.isRemoval() && before.ended() == ended)) {
      return;
    }
    change(new Change(podUid, null, ended));
    removals.put(version, podUid);
    if (removals.size() > maxRemovals) {
      forgotten = removals.firstKey();
      String oldest = removals.remove(forgotten);
      inOrder.remove(forgotten);
      lastChange.remove(oldest);
    }
  }

  private void change(Change change) {
    version++;
    Long before = lastChange.put(change.podUid(), version);
    if (before != null) {
      inOrder.remove(before);
      removals.remove(before);
    }
    inOrder.put(version, change);
  }

  /** Whether a reader that knows a version can be told the rest; else it needs everything. */
  synchronized boolean knowsWhatFollows(long version) {
    return version >= FIRST_VERSION && version >= forgotten && version <= this.version;
  }

  /** What changed after a version, oldest first, at most so many; after 0, everything. */
  synchronized Part since(long after, int limit) {
    List<Workload> workloads = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    List<String> ended = new ArrayList<>();
    long reached = after;
    boolean last = true;
    for (Map.Entry<Long, Change> entry : inOrder.tailMap(after, false).entrySet()) {
      if (workloads.size() + removed.size() == limit) {
        last = false;
        break;
      }
      reached = entry.getKey();
      Change change = entry.getValue();
      if (change.workload() != null) {
        workloads.add(change.workload());
      } else {
        removed.add(change.podUid());
        if (change.ended()) {
          ended.add(change.podUid());
        }
      }
    }
    long known = last ? version : reached;
    boolean otherKeys = labelKeysVersion > after && labelKeysVersion <= known;
    return new Part(workloads, removed, ended, otherKeys ? labelKeys : null, known, last);
  }
}
