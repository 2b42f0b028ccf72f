package io.weftmesh.lab.cluster;

/** What names an object in a cluster. Objects without a namespace have an empty one. */
public record ObjectKey(String kind, String namespace, String name) {
  @Override
  public String toString() {
    return namespace.isEmpty() ? kind + " " + name : kind + " " + namespace + "/" + name;
  }
}
