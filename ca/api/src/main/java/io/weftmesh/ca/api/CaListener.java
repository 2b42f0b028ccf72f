package io.weftmesh.ca.api;

import io.weftmesh.ca.v1.DirectoryUpdate;

/** Hears what the ca tells a node. Called on the control thread. */
public interface CaListener {
  /**
   * New roots. Must be in force for every handshake when this returns: the ca may sign with them as
   * soon as all nodes have acknowledged.
   */
  void onBundle(TrustBundle bundle);

  /**
   * A full state or a difference, complete.
   *
   * @throws IllegalArgumentException if it can't be understood: then nothing of it is applied, and
   *     the ca is asked again
   */
  void onUpdate(DirectoryUpdate update);

  /** There is a state, and the ca tells of each change of it. */
  void onConnected();

  /**
   * The ca is gone. Nothing that it said before is void.
   *
   * @param reason one word of lower case, for metrics
   */
  void onDisconnected(String reason);
}
