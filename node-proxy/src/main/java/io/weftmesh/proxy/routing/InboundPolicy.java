package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import java.util.List;

/**
 * Who may connect to a pod of this node. Immutable; any thread.
 *
 * @param probes all that the pod declares
 */
public record InboundPolicy(InboundSecurity security, List<Probe> probes) {

  public InboundPolicy {
    probes = List.copyOf(probes);
  }

  /** Decides on one connection to one of the pod's ports. */
  public InboundDecision decide(InboundCaller caller, int port) {
    if (security.mode(port) == InboundMode.PERMISSIVE) {
      return InboundDecision.Admit.ADMIT;
    }
    if (caller.security() != Security.PLAINTEXT && caller.identity() != null) {
      return InboundDecision.Admit.ADMIT;
    }
    if (!caller.fromOwnNode()) {
      return new InboundDecision.Refuse(
          "port " + port + " is STRICT and the connection came without an identity");
    }
    List<Probe> declared = probes.stream().filter(probe -> probe.port() == port).toList();
    return declared.isEmpty()
        ? new InboundDecision.Refuse(
            "port "
                + port
                + " is STRICT, the connection came from the node without an identity,"
                + " and the pod declares no probe of that port")
        : new InboundDecision.AdmitAsProbe(declared);
  }
}
