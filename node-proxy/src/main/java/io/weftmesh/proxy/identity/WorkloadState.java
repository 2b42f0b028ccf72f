package io.weftmesh.proxy.identity;

/**
 * What is known of the pod behind an address; decides whether a peer may be spoken to in plaintext.
 */
public enum WorkloadState {
  /**
   * The ca has not yet told this process anything: the address may be that of a captured pod, so
   * never plaintext to a pod that is opted in.
   */
  UNKNOWN,
  /** Not in the mesh: plain TCP. */
  OUTSIDE,
  /** Opted in, not confirmed by its node: mutual TLS is tried first. */
  EXPECTED,
  /** Confirmed by its node: mutual TLS and nothing else. */
  CAPTURED,
}
