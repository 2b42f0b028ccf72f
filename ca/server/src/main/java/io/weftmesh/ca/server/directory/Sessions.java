package io.weftmesh.ca.server.directory;

import io.weftmesh.ca.server.node.Refusal;
import io.weftmesh.ca.server.node.RefusedException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The streams that are open. Thread-safe. */
final class Sessions {
  /**
   * Two generations of a node proxy, and connections of theirs that are not known to be dead yet.
   */
  static final int MAX_PER_NODE = 8;

  private final Map<String, Set<WatchSession>> byNode = new HashMap<>();

  /** Adds one; one that the same process had before is ended, for it must be dead. */
  void add(WatchSession session) throws RefusedException {
    WatchSession before = null;
    synchronized (this) {
      Set<WatchSession> ofNode =
          byNode.computeIfAbsent(session.caller().node(), _ -> new LinkedHashSet<>());
      for (WatchSession other : ofNode) {
        if (other.process().equals(session.process())) {
          before = other;
        }
      }
      if (before != null) {
        ofNode.remove(before);
      } else if (ofNode.size() >= MAX_PER_NODE) {
        throw new RefusedException(
            Refusal.TOO_MANY_STREAMS,
            session.caller() + " has " + ofNode.size() + " streams open already");
      }
      ofNode.add(session);
    }
    if (before != null) {
      before.replaced();
    }
  }

  synchronized void remove(WatchSession session) {
    Set<WatchSession> ofNode = byNode.get(session.caller().node());
    if (ofNode != null && ofNode.remove(session) && ofNode.isEmpty()) {
      byNode.remove(session.caller().node());
    }
  }

  synchronized List<WatchSession> all() {
    return byNode.values().stream().flatMap(Set::stream).toList();
  }

  /** The connected nodes, each with the lowest bundle version of its processes. */
  synchronized Map<String, Long> acknowledgedBundles() {
    Map<String, Long> lowest = new HashMap<>();
    byNode.forEach((node, sessions) ->
        sessions.forEach(session -> lowest.merge(node, session.acknowledgedBundle(), Math::min)));
    return lowest;
  }
}
