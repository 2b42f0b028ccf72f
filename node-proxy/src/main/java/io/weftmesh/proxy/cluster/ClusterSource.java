package io.weftmesh.proxy.cluster;

import java.io.Closeable;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Where the objects come from: a folder of manifests, or a Kubernetes API server. It publishes a
 * snapshot whenever they change; when the source fails, the last one stays in force.
 */
public interface ClusterSource extends Closeable {
  /** What keeps the first snapshot from being there, a line each; empty once it is. */
  List<String> notReady();

  /** What is wrong with the objects at this moment, a line each, naming the object and the cure. */
  List<String> problems();

  /**
   * Completes when a snapshot is in force that knows which labels of pods are told at all: until
   * then, after a start, subsets are empty. At once where no shift asks for any.
   */
  CompletionStage<Void> labelled();

  @Override
  void close();
}
