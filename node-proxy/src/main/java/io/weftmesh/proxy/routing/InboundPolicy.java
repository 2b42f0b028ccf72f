package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.InboundSecurity;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.WorkloadAccess;
import java.util.List;

/**
 * Who may connect to a pod of this node, and for what. Immutable; any thread.
 *
 * <p>The kubelet has no identity, and a pod whose probes fail is killed: what the pod declares as a
 * probe is admitted from the node whatever else is said, and as nothing more than that probe.
 *
 * @param probes all that the pod declares
 */
public record InboundPolicy(InboundSecurity security, WorkloadAccess access, List<Probe> probes) {

  public InboundPolicy {
    probes = List.copyOf(probes);
  }

  /** Decides on one connection to one of the pod's ports. */
  public InboundDecision decide(InboundCaller caller, int port) {
    boolean identified = caller.identity() != null && caller.security() != Security.PLAINTEXT;
    if (!identified && security.mode(port) == InboundMode.STRICT) {
      return asProbe(caller, port, new InboundDecision.Refuse(whyStrict(caller, port)));
    }
    return switch (access.decide(caller.identity(), port, AccessWork.CONNECTION)) {
      case AccessDecision.Allow allowed -> InboundDecision.Admit.ADMIT;
      case AccessDecision.DryRunDeny counted -> InboundDecision.Admit.ADMIT;
      case AccessDecision.Deny(String rule) ->
          asProbe(caller, port, new InboundDecision.Deny(rule));
    };
  }

  /** What the access rules say of a connection that is open, or of a request on it. */
  public AccessDecision decide(InboundCaller caller, int port, AccessWork work) {
    AccessDecision decision = access.decide(caller.identity(), port, work);
    boolean passes =
        decision instanceof AccessDecision.Allow
            || (work instanceof AccessWork.Request(RequestHead head)
                && isProbe(caller, port, head));
    return passes ? AccessDecision.ALLOW : decision;
  }

  /**
   * Whether it matters what a connection carries that was admitted. Who may exchange any bytes at
   * all may make any request: those are not looked at.
   */
  public boolean looksAtRequests(InboundCaller caller, int port) {
    return access.needsRequests(port)
        && !(decide(caller, port, AccessWork.BYTES) instanceof AccessDecision.Allow);
  }

  /** Whether a request is a probe that the pod declares for the port. */
  public boolean isProbe(InboundCaller caller, int port, RequestHead head) {
    if (!caller.fromOwnNode() || caller.identity() != null) {
      return false;
    }
    for (Probe probe : probes) {
      if (probe.port() == port && probe.isMadeBy(head)) {
        return true;
      }
    }
    return false;
  }

  private static String whyStrict(InboundCaller caller, int port) {
    return "port "
        + port
        + " is STRICT and the connection came without an identity"
        + (caller.fromOwnNode()
            ? ", from the node, and the pod declares no probe of that port"
            : "");
  }

  private InboundDecision asProbe(InboundCaller caller, int port, InboundDecision otherwise) {
    if (!caller.fromOwnNode() || caller.identity() != null) {
      return otherwise;
    }
    List<Probe> declared = probes.stream().filter(probe -> probe.port() == port).toList();
    return declared.isEmpty() ? otherwise : new InboundDecision.AdmitAsProbe(declared);
  }
}
