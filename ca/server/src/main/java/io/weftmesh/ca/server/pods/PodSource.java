package io.weftmesh.ca.server.pods;

import java.util.function.Consumer;

/** Where pods are learned from. Thread-safe. */
public interface PodSource extends AutoCloseable {
  /** What is known now. */
  Pods current();

  /** Calls the listener now and at every change, one call at a time. */
  void onPods(Consumer<? super Pods> listener);

  @Override
  void close();
}
