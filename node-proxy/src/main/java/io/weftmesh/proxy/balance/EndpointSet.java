package io.weftmesh.proxy.balance;

import java.util.List;

/**
 * The endpoints of one backend at one moment. Immutable. Compared by identity: whoever folds
 * cluster events keeps the same instance for as long as nothing in it has changed, so that a {@link
 * Balancer} sees at a glance whether it has to look again.
 */
public final class EndpointSet {
  private static final EndpointSet EMPTY = new EndpointSet(List.of());

  private final List<Endpoint> ready;

  private EndpointSet(List<Endpoint> ready) {
    this.ready = ready;
  }

  /**
   * The endpoints that may be given new work. Where Kubernetes has none that is ready but some that
   * still serve while they terminate, those stand here: they are better than nothing.
   */
  public static EndpointSet of(List<Endpoint> ready) {
    return ready.isEmpty() ? EMPTY : new EndpointSet(List.copyOf(ready));
  }

  public static EndpointSet empty() {
    return EMPTY;
  }

  public List<Endpoint> ready() {
    return ready;
  }

  public boolean isEmpty() {
    return ready.isEmpty();
  }

  @Override
  public String toString() {
    return ready.toString();
  }
}
