package io.weftmesh.policy.model;

import java.util.Map;

/**
 * What holds for one pod.
 *
 * @param ports the ports that have a mode of their own
 */
public record InboundSecurity(
    InboundMode mode, Map<Integer, InboundMode> ports, WithoutIdentity withoutIdentity) {
  public static final InboundSecurity DEFAULT =
      new InboundSecurity(InboundMode.PERMISSIVE, Map.of(), WithoutIdentity.WAIT);

  public InboundSecurity {
    ports = Map.copyOf(ports);
  }

  /** The mode of one of the pod's ports. */
  public InboundMode mode(int port) {
    return ports.isEmpty() ? mode : ports.getOrDefault(port, mode);
  }
}
