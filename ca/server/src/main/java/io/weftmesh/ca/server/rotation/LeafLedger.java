package io.weftmesh.ca.server.rotation;

import io.weftmesh.ca.server.store.DurableMap;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Until when each node may hold a leaf that verifies: what a rotation has to wait for.
 *
 * <p>Kept durably, but not written at every issuance: what is written is a little later than the
 * last leaf's end, and written anew when a leaf outlives that. After a restart a node so counts for
 * a quarter of a leaf's lifetime longer, at most. Thread-safe.
 */
public final class LeafLedger {
  /** The part of a leaf's remaining life by which what is written runs ahead. */
  private static final int AHEAD_DIVISOR = 4;

  private final DurableMap written;
  private final Map<String, Instant> lastExpiry = new HashMap<>();

  public LeafLedger(DurableMap written) {
    this.written = written;
    written
        .entries()
        .forEach(
            (node, second) -> lastExpiry.put(node, Instant.ofEpochSecond(parse(node, second))));
  }

  /**
   * Notes a leaf, before it is handed out.
   *
   * @throws IOException if it could not be noted durably: the leaf must not be handed out then
   */
  synchronized void record(String node, Instant expiry, Instant now) throws IOException {
    lastExpiry.merge(node, expiry, LeafLedger::later);
    String until = written.entries().get(node);
    if (until != null && !expiry.isAfter(Instant.ofEpochSecond(parse(node, until)))) {
      return;
    }
    Instant ahead = expiry.plus(Duration.between(now, expiry).dividedBy(AHEAD_DIVISOR));
    Set<String> expired = new HashSet<>();
    written
        .entries()
        .forEach((other, second) -> {
          if (!Instant.ofEpochSecond(parse(other, second)).isAfter(now)) {
            expired.add(other);
          }
        });
    expired.remove(node);
    lastExpiry.keySet().removeAll(expired);
    written.update(Map.of(node, Long.toString(ahead.getEpochSecond())), expired);
  }

  /** The nodes that may hold a leaf that has not expired, with its end. */
  synchronized Map<String, Instant> unexpired(Instant now) {
    Map<String, Instant> unexpired = new TreeMap<>();
    lastExpiry.forEach((node, expiry) -> {
      if (expiry.isAfter(now)) {
        unexpired.put(node, expiry);
      }
    });
    return unexpired;
  }

  /** When the last leaf of all is dead: now, if all are. */
  synchronized Instant allDeadAt(Instant now) {
    return lastExpiry.values().stream().reduce(now, LeafLedger::later);
  }

  private static long parse(String node, String second) {
    try {
      return Long.parseLong(second);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "the ledger of leaves has \"" + second + "\" for node " + node + ", expected seconds", e);
    }
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
