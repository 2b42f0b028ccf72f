package io.weftmesh.policy.model;

/**
 * Who calls, as proved by mutual TLS or known within a node.
 *
 * @param identity the SPIFFE ID
 */
public record AccessCaller(String identity, String namespace, String serviceAccount) {}
