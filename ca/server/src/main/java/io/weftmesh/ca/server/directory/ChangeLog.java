package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.v1.Workload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The workloads of the mesh in the order of their last change, so that whoever knows the state up
 * to some version can be told the rest.
 *
 * <p>There is no log of messages and no queue per reader. Each change has a version of its own, and
 * each pod stands in the order once, at its last one: a reader that is slow, or was away, skips
 * what was overwritten meanwhile, and costs no memory. A pod that is gone stays as a removal. Of
 * those only so many are kept; a reader that is further behind than the oldest gets everything
 * anew.
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

  /** The version of the newest removal that is no longer known. */
  private long forgotten;

  private record Change(String podUid, @Nullable Workload workload) {}

  /**
   * A part of what follows some version.
   *
   * @param version what a reader knows when it has taken this part in
   * @param last whether that is all there is now
   */
  record Part(List<Workload> workloads, List<String> removedPodUids, long version, boolean last) {}

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
    change(new Change(workload.getPodUid(), workload));
  }

  synchronized void remove(String podUid) {
    change(new Change(podUid, null));
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

  /** What changed after a version, oldest first, at most so many. */
  synchronized Part since(long after, int limit) {
    return part(after, limit, true);
  }

  /** As {@link #since}, for a reader that had nothing at the beginning: without removals. */
  synchronized Part existingSince(long after, int limit) {
    return part(after, limit, false);
  }

  private Part part(long after, int limit, boolean withRemovals) {
    List<Workload> workloads = new ArrayList<>();
    List<String> removed = new ArrayList<>();
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
      } else if (withRemovals) {
        removed.add(change.podUid());
      }
    }
    return new Part(workloads, removed, last ? version : reached, last);
  }
}
