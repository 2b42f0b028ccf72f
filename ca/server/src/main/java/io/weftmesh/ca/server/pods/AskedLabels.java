package io.weftmesh.ca.server.pods;

import io.weftmesh.policy.compile.Subsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of the pod labels that nodes are told: those that some {@code TrafficShift} asks for.
 *
 * <p>One that nobody asks for any more is told for another {@link #KEPT_FOR}: the ca may see that a
 * shift has gone a moment before a node does, which would find the shift's subsets empty and answer
 * their traffic with 503.
 *
 * <p>They are bounded by {@link #MAX_KEYS}, since every key costs something on every node for every
 * pod, and by {@link #MAX_OF_NAMESPACE}, so that nobody takes all places who may write to one
 * namespace. Of too many, those are told that came first, then those that most namespaces ask for,
 * then by name. Not thread-safe.
 */
final class AskedLabels {
  static final Duration KEPT_FOR = Duration.ofMinutes(1);
  static final int MAX_KEYS = 64;

  /** No fewer than one shift may ask for. */
  static final int MAX_OF_NAMESPACE = Subsets.MAX_LABELS;

  private static final Logger log = LoggerFactory.getLogger(AskedLabels.class);

  /** Still asked for. */
  private static final Instant NOT_YET = Instant.MAX;

  private final InstantSource clock;

  /** The keys, and since when nobody asks for them. */
  private final Map<String, Instant> unaskedSince = new HashMap<>();

  private Map<String, Set<String>> refused = Map.of();

  AskedLabels(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * The keys that are told, now that these are asked for.
   *
   * @param askers by key, the namespaces that ask for it
   */
  Set<String> tell(Map<String, Set<String>> askers) {
    Instant now = clock.instant();
    List<String> byPrecedence = byPrecedence(askers);
    Set<String> granted = granted(byPrecedence, askers);
    unaskedSince.replaceAll(
        (key, since) -> granted.contains(key) ? NOT_YET : since.equals(NOT_YET) ? now : since);
    unaskedSince.values().removeIf(since -> !since.isAfter(now.minus(KEPT_FOR)));
    Map<String, Set<String>> beyond = new TreeMap<>();
    for (String key : byPrecedence) {
      boolean taken = granted.contains(key) && (unaskedSince.containsKey(key) || take(key));
      if (!taken) {
        beyond.put(key, new TreeSet<>(askers.getOrDefault(key, Set.of())));
      }
    }
    if (!beyond.isEmpty() && !beyond.equals(refused)) {
      log.warn(
          "TrafficShifts ask for pods by more labels than the {} of a namespace or the {} of all;"
              + " those that ask for one of these do not come into force until others are gone"
              + " (by label, the namespaces of the shifts): {}",
          MAX_OF_NAMESPACE,
          MAX_KEYS,
          beyond);
    }
    refused = beyond;
    return Set.copyOf(unaskedSince.keySet());
  }

  private List<String> byPrecedence(Map<String, Set<String>> askers) {
    return askers.entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<String, Set<String>> asked) ->
                    !NOT_YET.equals(unaskedSince.get(asked.getKey())))
                .thenComparingInt(asked -> -asked.getValue().size())
                .thenComparing(Map.Entry::getKey))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Those that at least one namespace may ask for. */
  private static Set<String> granted(List<String> byPrecedence, Map<String, Set<String>> askers) {
    Map<String, Integer> ofNamespace = new HashMap<>();
    Set<String> granted = new TreeSet<>();
    for (String key : byPrecedence) {
      for (String namespace : askers.getOrDefault(key, Set.of())) {
        if (ofNamespace.merge(namespace, 1, Integer::sum) <= MAX_OF_NAMESPACE) {
          granted.add(key);
        }
      }
    }
    return granted;
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
