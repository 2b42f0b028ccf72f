package io.weftmesh.proxy.identity;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The UIDs of the pods that ended last, so many and no more: endpoints that name an ended pod are
 * out of date, and the older its end, the less likely there are any.
 *
 * <p>Asked on any thread without a lock; changed on the control thread.
 */
final class EndedPods {
  private final int max;
  private final Set<String> uids = ConcurrentHashMap.newKeySet();
  private final LinkedHashSet<String> oldestFirst = new LinkedHashSet<>();

  EndedPods(int max) {
    this.max = max;
  }

  boolean contains(String podUid) {
    return uids.contains(podUid);
  }

  void add(String podUid) {
    oldestFirst.addLast(podUid);
    uids.add(podUid);
    if (oldestFirst.size() > max) {
      uids.remove(oldestFirst.removeFirst());
    }
  }

  void remove(String podUid) {
    if (oldestFirst.remove(podUid)) {
      uids.remove(podUid);
    }
  }
}
