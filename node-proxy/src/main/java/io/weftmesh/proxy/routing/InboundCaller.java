package io.weftmesh.proxy.routing;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.AccessCaller;
import org.jspecify.annotations.Nullable;

/**
 * Who connects to a pod.
 *
 * @param identity as verified; null if there is none
 * @param fromOwnNode whether the connection comes from one of this node's own addresses
 */
public record InboundCaller(
    @Nullable AccessCaller identity, Security security, boolean fromOwnNode) {

  /** One that has an identity. */
  public static InboundCaller identified(SpiffeId id, Security security) {
    AccessCaller identity =
        new AccessCaller(id.toString(), id.namespace().orElse(""), id.serviceAccount().orElse(""));
    return new InboundCaller(identity, security, false);
  }

  /** One that nothing is known of but its address. */
  public static InboundCaller plain(boolean fromOwnNode) {
    return new InboundCaller(null, Security.PLAINTEXT, fromOwnNode);
  }
}
