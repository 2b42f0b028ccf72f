package io.weftmesh.proxy.routing;

import io.weftmesh.ca.api.SpiffeId;
import org.jspecify.annotations.Nullable;

/**
 * Who connects to a pod.
 *
 * @param identity as verified; null if there is none
 * @param fromOwnNode whether the connection comes from one of this node's own addresses
 */
public record InboundCaller(@Nullable SpiffeId identity, Security security, boolean fromOwnNode) {}
