package io.weftmesh.ca.server.pods;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of the pod labels that nodes are told: those that some {@code TrafficShift} asks for.
 *
 * <p>One that nobody asks for any more is told for another {@link #KEPT_FOR}: the ca may see that a
 * shift has gone a moment before a node does, which would find the shift's subsets empty and answer
 * their traffic with 503. It is bounded by {@link #MAX_KEYS}, since every key costs something on
 * every node for every pod; of too many, those that came first are told. Not thread-safe.
 */
final class AskedLabels {
  static final Duration KEPT_FOR = Duration.ofMinutes(1);
  static final int MAX_KEYS = 64;

  private static final Logger log = LoggerFactory.getLogger(AskedLabels.class);

  /** Still asked for. */
  private static final Instant NOT_YET = Instant.MAX;

  private final InstantSource clock;

  /** The keys, and since when nobody asks for them. */
  private final Map<String, Instant> unaskedSince = new HashMap<>();

  private NavigableSet<String> refused = new TreeSet<>();

  AskedLabels(InstantSource clock) {
    this.clock = clock;
  }

  /** The keys that are told, now that these are asked for. */
  Set<String> tell(Set<String> askedFor) {
    Instant now = clock.instant();
    unaskedSince.replaceAll(
        (key, since) -> askedFor.contains(key) ? NOT_YET : since.equals(NOT_YET) ? now : since);
    unaskedSince.values().removeIf(since -> !since.isAfter(now.minus(KEPT_FOR)));
    NavigableSet<String> beyond = new TreeSet<>();
    for (String key : new TreeSet<>(askedFor)) {
      if (!unaskedSince.containsKey(key) && !take(key)) {
        beyond.add(key);
      }
    }
    if (!beyond.isEmpty() && !beyond.equals(refused)) {
      log.warn(
          "TrafficShifts ask for pods by more than {} different labels; those that ask for {} do"
              + " not come into force until others are gone",
          MAX_KEYS,
          beyond);
    }
    refused = beyond;
    return Set.copyOf(unaskedSince.keySet());
  }

  /** Takes a key in, if need be in place of the one that nobody has asked for longest. */
  private boolean take(String key) {
    if (unaskedSince.size() == MAX_KEYS) {
      Map.Entry<String, Instant> oldest =
          unaskedSince.entrySet().stream()
              .min(Comparator.comparing(Map.Entry<String, Instant>::getValue))
              .orElseThrow();
      if (oldest.getValue().equals(NOT_YET)) {
        return false;
      }
      unaskedSince.remove(oldest.getKey());
    }
    unaskedSince.put(key, NOT_YET);
    return true;
  }
}
