package io.weftmesh.policy.model;

/** Where a share of the traffic goes. */
public sealed interface Backend {

  /** The endpoints of a Service's port. That Service's own routes are not consulted. */
  record Service(ServicePortKey key) implements Backend {
    @Override
    public String toString() {
      return key.toString();
    }
  }

  /**
   * Nowhere: what was written cannot be honoured. The share is answered with 500 (a TCP connection
   * is reset), and never given to another backend.
   *
   * @param reference what was written
   * @param problem why it leads nowhere, in words for the response and for explaining
   */
  record Unresolvable(String reference, String problem) implements Backend {
    @Override
    public String toString() {
      return reference + " (" + problem + ")";
    }
  }
}
