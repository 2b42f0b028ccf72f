package io.weftmesh.ca.server.pods;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All pods at one moment. Immutable. */
public final class Pods {
  /** Nothing is known yet. */
  public static final Pods NONE = new Pods(List.of(), Set.of(), false);

  private final Map<String, Pod> byUid;
  private final Map<String, List<Pod>> byNode;
  private final Set<String> labelKeys;
  private final boolean complete;

  /**
   * @param labelKeys the keys of the labels that are known of each pod
   * @param complete false while pods may exist that are not among them: absence then proves nothing
   */
  public Pods(Collection<Pod> pods, Set<String> labelKeys, boolean complete) {
    this.labelKeys = Set.copyOf(labelKeys);
    this.byUid = HashMap.newHashMap(pods.size());
    this.byNode = new HashMap<>();
    this.complete = complete;
    for (Pod pod : pods) {
      byUid.put(pod.uid(), pod);
    }
    for (Pod pod : byUid.values()) {
      byNode.computeIfAbsent(pod.node(), node -> new ArrayList<>()).add(pod);
    }
  }

  public @Nullable Pod byUid(String uid) {
    return byUid.get(uid);
  }

  /** Those that are bound to a node, also ended ones. */
  public List<Pod> onNode(String node) {
    return byNode.getOrDefault(node, List.of());
  }

  public Collection<Pod> all() {
    return byUid.values();
  }

  /** The keys of the pod labels that somebody asks for. */
  public Set<String> labelKeys() {
    return labelKeys;
  }

  public boolean complete() {
    return complete;
  }
}
