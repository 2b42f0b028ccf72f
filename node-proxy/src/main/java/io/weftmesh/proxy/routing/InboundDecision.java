package io.weftmesh.proxy.routing;

import java.util.List;

/** What becomes of a connection to a pod. */
public sealed interface InboundDecision {

  /** It is passed on. */
  record Admit() implements InboundDecision {
    public static final Admit ADMIT = new Admit();
  }

  /**
   * It is served as far as it turns out to be one of these probes, and as nothing else.
   *
   * @param probes those that the pod declares for the port
   */
  record AdmitAsProbe(List<Probe> probes) implements InboundDecision {}

  /**
   * It is refused because it came without an identity.
   *
   * @param reason in words, for the log and for explaining; the caller is not told
   */
  record Refuse(String reason) implements InboundDecision {}

  /**
   * It is refused because the access rules say so.
   *
   * @param rule which one, for the log and for metrics; the caller is not told
   */
  record Deny(String rule) implements InboundDecision {}
}
