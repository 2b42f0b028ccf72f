package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.weftmesh.policy.manifest.ObjectKey;
import io.weftmesh.proxy.cluster.ClusterObject.PodObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an API server has told, reduced: of an object only what the snapshot is made of stays in
 * memory. Of an object that can't be read the reason is kept, and what it said before. Thread-safe.
 */
final class KnownObjects {
  private static final Logger log = LoggerFactory.getLogger(KnownObjects.class);

  private final Map<Class<? extends HasMetadata>, Map<ObjectKey, ClusterObject>> byKind =
      new HashMap<>();
  private final Map<ObjectKey, String> refused =
      new TreeMap<>(Comparator.comparing(ObjectKey::toString));

  /** Takes an object over; returns whether anything that matters is other than before. */
  synchronized boolean put(HasMetadata object) {
    ObjectKey key = ObjectKey.of(object);
    Map<ObjectKey, ClusterObject> kind = kind(object.getClass());
    try {
      ClusterObject reduced = Reduction.reduce(object);
      boolean wasRefused = refused.remove(key) != null;
      return !reduced.equals(kind.put(key, reduced)) || wasRefused;
    } catch (IllegalArgumentException unreadable) {
      boolean replaced = isAnotherPod(object, kind.get(key)) && kind.remove(key) != null;
      return refuse(key, String.valueOf(unreadable.getMessage())) || replaced;
    }
  }

  /**
   * An object says what can't be read: what it said before stays in force, as with a file. Returns
   * whether that was not known.
   */
  synchronized boolean refuse(ObjectKey key, String reason) {
    String problem = key + ": " + reason;
    boolean isNew = !problem.equals(refused.put(key, problem));
    if (isNew) {
      log.warn("{}", problem);
    }
    return isNew;
  }

  /** A pod of a StatefulSet has the name of the one before it, and shares nothing else with it. */
  private static boolean isAnotherPod(HasMetadata object, @Nullable ClusterObject before) {
    return before instanceof PodObject pod && !pod.uid().equals(object.getMetadata().getUid());
  }

  /** Forgets an object; returns whether it was known. */
  synchronized boolean remove(Class<? extends HasMetadata> type, ObjectKey key) {
    boolean wasRefused = refused.remove(key) != null;
    return kind(type).remove(key) != null || wasRefused;
  }

  /** Forgets all of a kind but these; returns whether there were others. */
  synchronized boolean retain(Class<? extends HasMetadata> type, Set<ObjectKey> keys) {
    String kind = HasMetadata.getKind(type);
    boolean others = kind(type).keySet().retainAll(keys);
    return refused.keySet().removeIf(key -> key.kind().equals(kind) && !keys.contains(key))
        || others;
  }

  /** How many of a kind can be used. */
  synchronized int count(Class<? extends HasMetadata> type) {
    return kind(type).size();
  }

  /** All that can be used, of every kind. */
  synchronized List<ClusterObject> all() {
    List<ClusterObject> all = new ArrayList<>();
    byKind.values().forEach(kind -> all.addAll(kind.values()));
    return all;
  }

  /** Those that can't, a line each, with the reason. */
  synchronized List<String> refused() {
    return List.copyOf(refused.values());
  }

  private Map<ObjectKey, ClusterObject> kind(Class<? extends HasMetadata> type) {
    return byKind.computeIfAbsent(type, t -> new HashMap<>());
  }
}
