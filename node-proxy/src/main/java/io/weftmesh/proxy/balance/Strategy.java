package io.weftmesh.proxy.balance;

/**
 * A way of choosing among endpoints. Thread-safe. Every one of them leaves alone what is not {@link
 * Node#isOpen open} as long as something else is.
 */
interface Strategy {
  /**
   * The endpoint for a request.
   *
   * @param nodes at least one; all of the set, or for a retry those that were not tried
   */
  Node choose(Node[] nodes, long nowNanos, Sticky sticky);

  /** The set changes. */
  default void adopt(Node[] before, Node[] now) {}
}
