package io.weftmesh.ca.server.store;

import java.io.IOException;
import java.util.Map;
import java.util.Set;

/** A small map from text to text that survives the process. Not thread-safe. */
public interface DurableMap {
  /** What is in it now: a view. */
  Map<String, String> entries();

  /**
   * Puts and removes in one step, and returns when that would survive a power failure.
   *
   * @throws IOException if it could not be made durable: {@link #entries} shows the change all the
   *     same, and the next update tries to make it durable again
   */
  void update(Map<String, String> put, Set<String> remove) throws IOException;
}
