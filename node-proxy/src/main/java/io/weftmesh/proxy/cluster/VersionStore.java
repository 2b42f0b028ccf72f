package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an informer has to know of the objects that it has told of: names and versions. An informer
 * keeps whole objects otherwise, some kilobytes each, and a hundred thousand endpoints would not
 * fit. Thread-safe.
 */
final class VersionStore<T extends HasMetadata> implements ItemStore<T> {
  private final Class<T> type;
  private final Map<String, ObjectMeta> known = new ConcurrentHashMap<>();

  VersionStore(Class<T> type) {
    this.type = type;
  }

  @Override
  public String getKey(T object) {
    return Cache.metaNamespaceKeyFunc(object);
  }

  @Override
  public @Nullable T put(String key, T object) {
    ObjectMeta whole = object.getMetadata();
    ObjectMeta meta = new ObjectMeta();
    meta.setNamespace(whole.getNamespace());
    meta.setName(whole.getName());
    meta.setResourceVersion(whole.getResourceVersion());
    return bare(known.put(key, meta));
  }

  @Override
  public @Nullable T remove(String key) {
    return bare(known.remove(key));
  }

  @Override
  public @Nullable T get(String key) {
    return bare(known.get(key));
  }

  @Override
  public Stream<String> keySet() {
    return known.keySet().stream();
  }

  @Override
  @SuppressWarnings("NullAway") // values of a ConcurrentHashMap are not null
  public Stream<T> values() {
    return known.values().stream().map(this::bare);
  }

  @Override
  public int size() {
    return known.size();
  }

  @Override
  public boolean isFullState() {
    return false;
  }

  private @Nullable T bare(@Nullable ObjectMeta meta) {
    if (meta == null) {
      return null;
    }
    try {
      T object = type.getDeclaredConstructor().newInstance();
      object.setMetadata(meta);
      return object;
    } catch (NoSuchMethodException
        | InstantiationException
        | IllegalAccessException
        | InvocationTargetException e) {
      throw new IllegalStateException(type + " has no constructor without arguments", e);
    }
  }
}
