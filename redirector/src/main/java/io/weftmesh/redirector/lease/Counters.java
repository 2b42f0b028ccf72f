package io.weftmesh.redirector.lease;

/**
 * What happened since the redirector's start.
 *
 * @param repairs how often rules in a pod had been removed or changed by somebody else
 * @param refused messages that were not understood or not allowed, and connections of other users
 * @param abandoned pods that ended without being closed
 */
public record Counters(long repairs, long refused, long abandoned) {}
