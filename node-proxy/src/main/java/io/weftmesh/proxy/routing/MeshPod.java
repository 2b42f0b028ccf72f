package io.weftmesh.proxy.routing;

/**
 * A pod that takes part in the mesh.
 *
 * @param inbound who may connect to it
 */
public record MeshPod(Workload workload, InboundPolicy inbound) {}
