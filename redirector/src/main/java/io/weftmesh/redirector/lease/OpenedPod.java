package io.weftmesh.redirector.lease;

/**
 * A pod whose listeners are open.
 *
 * @param state armed or draining if rules of an earlier process were found
 * @param listeners the caller's own descriptors of the listeners
 */
public record OpenedPod(PodRef pod, CaptureState state, Listeners listeners)
    implements AutoCloseable {

  /** Closes the listeners that were not taken. */
  @Override
  public void close() {
    listeners.close();
  }
}
