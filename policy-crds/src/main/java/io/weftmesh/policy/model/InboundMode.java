package io.weftmesh.policy.model;

/** What a port of a pod asks of those who connect to it. */
public enum InboundMode {
  /** Mutual TLS from the mesh, plaintext from outside it. */
  PERMISSIVE,
  /** An identity, always; only the kubelet's declared probes come without. */
  STRICT
}
