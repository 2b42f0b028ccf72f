package io.weftmesh.policy.model;

/** A Service by name. */
public record ServiceKey(String namespace, String name) implements Comparable<ServiceKey> {

  @Override
  public int compareTo(ServiceKey other) {
    int byNamespace = namespace.compareTo(other.namespace);
    return byNamespace != 0 ? byNamespace : name.compareTo(other.name);
  }

  /** {@code shop/echo}. */
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
