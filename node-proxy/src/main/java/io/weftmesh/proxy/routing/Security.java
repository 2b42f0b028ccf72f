package io.weftmesh.proxy.routing;

/** How the two ends of a connection know each other; the {@code security} label of metrics. */
public enum Security {
  /** Both ends have shown an SVID under TLS. */
  MTLS("mtls"),
  /** Both are pods of this node: their identities are known here, and no wire is between them. */
  SAME_NODE("same_node"),
  /** Nothing is known of the peer. */
  PLAINTEXT("plaintext");

  private final String label;

  Security(String label) {
    this.label = label;
  }

  /** The value of the metric label. */
  public String label() {
    return label;
  }
}
