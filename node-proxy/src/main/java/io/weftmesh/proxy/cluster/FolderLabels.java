package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.compile.Subsets;
import io.weftmesh.proxy.cluster.ClusterObject.NamespaceObject;
import io.weftmesh.proxy.cluster.ClusterObject.PodObject;
import io.weftmesh.proxy.cluster.ClusterObject.ShiftObject;
import io.weftmesh.proxy.routing.PodLabels;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the ca would tell of the labels of pods, by the pods of a folder. */
final class FolderLabels implements PodLabels {
  private final Set<String> keys = new HashSet<>();
  private final Map<String, Map<String, String>> byUid = new HashMap<>();
  private final Map<InetAddress, Map<String, String>> byAddress = new HashMap<>();

  FolderLabels(Collection<? extends ClusterObject> objects) {
    Map<String, Map<String, String>> namespaces = new HashMap<>();
    for (ClusterObject object : objects) {
      if (object instanceof NamespaceObject namespace) {
        namespaces.put(namespace.name(), namespace.labels());
      } else if (object instanceof ShiftObject shift) {
        keys.addAll(Subsets.keysAskedFor(shift.written().spec()));
      }
    }
    for (PodObject pod : pods(objects)) {
      Map<String, String> ofNamespace = namespaces.getOrDefault(pod.namespace(), Map.of());
      OptIn.Verdict verdict =
          OptIn.judge(pod.namespace(), ofNamespace, pod.labels(), pod.hostNetwork(), pod.phase());
      if (verdict.in()) {
        byUid.put(pod.uid(), pod.labels());
        pod.addresses().forEach(address -> byAddress.put(address, pod.labels()));
      }
    }
  }

  private static List<PodObject> pods(Collection<? extends ClusterObject> objects) {
    return objects.stream().filter(PodObject.class::isInstance).map(PodObject.class::cast).toList();
  }

  @Override
  public Set<String> keys() {
    return Set.copyOf(keys);
  }

  @Override
  public @Nullable Map<String, String> of(@Nullable String podUid, InetAddress address) {
    return podUid == null ? byAddress.get(address) : byUid.get(podUid);
  }

  /** A folder that was read once does not change. */
  @Override
  public void onLabels(Runnable listener) {}
}
