package io.weftmesh.proxy.cluster;

import io.weftmesh.proxy.routing.PodLabels;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Labels that a test tells, by the UID of the pod. */
final class ToldLabels implements PodLabels {
  private final Map<String, Map<String, String>> byUid = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable Set<String> keys;

  void carry(String... newKeys) {
    keys = Set.of(newKeys);
    listeners.forEach(Runnable::run);
  }

  void tell(String podUid, Map<String, String> labels) {
    byUid.put(podUid, labels);
    listeners.forEach(Runnable::run);
  }

  void forget(String podUid) {
    byUid.remove(podUid);
    listeners.forEach(Runnable::run);
  }

  @Override
  public @Nullable Set<String> keys() {
    return keys;
  }

  @Override
  public @Nullable Map<String, String> of(@Nullable String podUid, InetAddress address) {
    return podUid == null ? null : byUid.get(podUid);
  }

  @Override
  public void onLabels(Runnable listener) {
    listeners.add(listener);
  }
}
