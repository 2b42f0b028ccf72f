package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;

/**
 * The name of an object within a cluster.
 *
 * @param namespace empty for an object that is not namespaced
 */
public record ObjectKey(String kind, String namespace, String name) {

  /** The key of an object that has a name, and a namespace if it is namespaced. */
  public static ObjectKey of(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return new ObjectKey(
        object.getKind(), namespace == null ? "" : namespace, object.getMetadata().getName());
  }

  /** {@code Service shop/echo}. */
  @Override
  public String toString() {
    return kind + " " + (namespace.isEmpty() ? "" : namespace + "/") + name;
  }
}
