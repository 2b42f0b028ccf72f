package io.weftmesh.ca.server.node;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.pods.Pod;
import io.weftmesh.ca.server.pods.PodSource;
import java.util.Set;

/**
 * Decides which node calls and what it may ask for: a node gets the identities of the pods that are
 * bound to it and no others, so that one that is taken over gives away only what it runs.
 *
 * <p>What a message says of its sender is never looked at. Thread-safe.
 */
public final class NodeAuthorizer {
  private final TokenVerifier tokens;
  private final PodSource pods;
  private final Set<ServiceAccount> allowed;
  private final String trustDomain;

  public NodeAuthorizer(
      TokenVerifier tokens, PodSource pods, Set<ServiceAccount> allowed, String trustDomain) {
    this.tokens = tokens;
    this.pods = pods;
    this.allowed = Set.copyOf(allowed);
    this.trustDomain = trustDomain;
  }

  /**
   * Derives the node from a token: the token is genuine, its service account is one of a node
   * proxy, its pod still exists, and both agree on the node.
   */
  public NodeCaller authenticate(String token) throws RefusedException {
    BoundToken bound = tokens.verify(token);
    if (!allowed.contains(bound.serviceAccount())) {
      throw new RefusedException(
          Refusal.SERVICE_ACCOUNT_NOT_ALLOWED, bound.serviceAccount() + " is not among " + allowed);
    }
    Pod pod = pods.current().byUid(bound.podUid());
    if (pod == null || pod.ended()) {
      throw new RefusedException(
          Refusal.CALLER_POD_GONE,
          "pod " + bound.podUid() + (pod == null ? " does not exist" : " has ended"));
    }
    if (!pod.namespace().equals(bound.serviceAccount().namespace())
        || !pod.serviceAccount().equals(bound.serviceAccount().name())) {
      throw new RefusedException(
          Refusal.CALLER_POD_GONE,
          "pod " + bound.podUid() + " is " + pod + " of service account " + pod.serviceAccount());
    }
    if (!pod.livesOn(bound.node())) {
      throw new RefusedException(
          Refusal.CALLER_NODE_MISMATCH,
          "the token names node \""
              + bound.node()
              + "\", pod "
              + pod
              + " is on \""
              + pod.node()
              + "\"");
    }
    return new NodeCaller(pod.node(), pod.uid());
  }

  /** Whether a caller that was authenticated before would still be: its pod lives on its node. */
  public boolean stillThere(NodeCaller caller) {
    Pod pod = pods.current().byUid(caller.podUid());
    return pod != null && pod.livesOn(caller.node());
  }

  /** Allows an identity to a node that runs an opted-in pod of it; Pending pods count. */
  public SpiffeId authorize(NodeCaller caller, String requested) throws RefusedException {
    SpiffeId id;
    try {
      id = SpiffeId.parse(requested);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(Refusal.IDENTITY_MALFORMED, String.valueOf(e.getMessage()));
    }
    if (!id.trustDomain().equals(trustDomain)) {
      throw new RefusedException(
          Refusal.IDENTITY_TRUST_DOMAIN, id + " is not of trust domain " + trustDomain);
    }
    String namespace = id.namespace().orElse("");
    String serviceAccount = id.serviceAccount().orElse("");
    boolean runsHere =
        pods.current().onNode(caller.node()).stream()
            .anyMatch(pod ->
                pod.livesOn(caller.node())
                    && pod.optedIn()
                    && pod.namespace().equals(namespace)
                    && pod.serviceAccount().equals(serviceAccount));
    if (!runsHere) {
      throw new RefusedException(
          Refusal.IDENTITY_NOT_ON_NODE,
          "no opted-in pod of " + id + " is on node " + caller.node());
    }
    return id;
  }
}
