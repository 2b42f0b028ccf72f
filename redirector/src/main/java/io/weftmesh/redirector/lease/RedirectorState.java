package io.weftmesh.redirector.lease;

import java.util.List;

/** The redirector's pods and what it has counted. */
public record RedirectorState(List<PodState> pods, Counters counters) implements AutoCloseable {

  /** Copies the list. */
  public RedirectorState {
    pods = List.copyOf(pods);
  }

  /** Closes the listeners that were not taken. */
  @Override
  public void close() {
    for (PodState pod : pods) {
      if (pod.listeners() != null) {
        pod.listeners().close();
      }
    }
  }
}
