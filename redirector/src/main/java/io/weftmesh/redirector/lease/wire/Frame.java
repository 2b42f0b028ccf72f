package io.weftmesh.redirector.lease.wire;

/** A message and the number that ties a reply to its request; 0 for events. */
public record Frame(int sequence, Message message) {}
