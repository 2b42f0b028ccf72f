package io.weftmesh.policy.model;

/** What happens to the connections of a captured pod whose identity cannot be had yet. */
public enum WithoutIdentity {
  /** They wait for a while, then are reset. */
  WAIT,
  /** They leave in plaintext. */
  PASSTHROUGH
}
