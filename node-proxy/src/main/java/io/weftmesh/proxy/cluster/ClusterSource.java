package io.weftmesh.proxy.cluster;

import java.io.Closeable;
import java.util.List;

/**
 * Where the objects come from: a folder of manifests, or a Kubernetes API server. It publishes a
 * snapshot whenever they change; when the source fails, the last one stays in force.
 */
public interface ClusterSource extends Closeable {
  /** What keeps the first snapshot from being there, a line each; empty once it is. */
  List<String> notReady();

  /** What is wrong with the objects at this moment, a line each, naming the object and the cure. */
  List<String> problems();

  @Override
  void close();
}
