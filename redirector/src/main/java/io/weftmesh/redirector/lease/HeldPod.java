package io.weftmesh.redirector.lease;

/** A pod whose listeners node-proxy holds, told to a redirector that may have been restarted. */
public record HeldPod(PodRef pod, Listeners listeners) {}
