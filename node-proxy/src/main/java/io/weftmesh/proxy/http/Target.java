package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Pick;
import io.weftmesh.proxy.balance.Sticky;
import io.weftmesh.proxy.balance.Tried;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Stickiness;
import org.jspecify.annotations.Nullable;

/**
 * The backend of one request, and the endpoint of it that is tried at the moment. Where nothing is
 * balanced there is one endpoint, the address that was asked for, and nobody hears how it did.
 * Confined to the loop of the request.
 */
final class Target {
  private final HttpProxy proxy;
  private final ClientContext context;
  private Backend.@Nullable Service backend;
  private String label = "";
  private BackendSettings settings = BackendSettings.DEFAULT;
  private @Nullable Pick pick;

  Target(HttpProxy proxy, ClientContext context) {
    this.proxy = proxy;
    this.context = context;
  }

  void hold(Routed.Forward to) {
    backend = to.backend();
    label = to.label();
    settings = to.settings();
  }

  /** For a request that comes no further. */
  void hold(String newLabel) {
    label = newLabel;
  }

  /** As metrics have it. */
  String label() {
    return label;
  }

  BackendSettings settings() {
    return settings;
  }

  boolean isBalanced() {
    return backend != null;
  }

  /** Null where nothing is balanced. */
  Backend.@Nullable Service backend() {
    return backend;
  }

  /**
   * The endpoint for the next try; null if there is none.
   *
   * @param tried those that failed; null for none
   */
  @Nullable Endpoint next(Head request, @Nullable Tried tried) {
    Backend.Service of = backend;
    if (of == null || !(context.destination() instanceof ServiceDestination to)) {
      return context.endpoint();
    }
    Snapshot snapshot = proxy.snapshot();
    Sticky sticky = tie(snapshot, of, to, request);
    pick = proxy.balancer(of, settings).pick(snapshot.endpoints(of, to.family()), tried, sticky);
    return pick == null ? null : pick.endpoint();
  }

  /** Whether another endpoint than was chosen will do; then it is the one that is tried. */
  boolean settleFor(Endpoint other, Head request, @Nullable Tried tried) {
    Backend.Service of = backend;
    if (of == null || !(context.destination() instanceof ServiceDestination to)) {
      return false;
    }
    Snapshot snapshot = proxy.snapshot();
    if (!tie(snapshot, of, to, request).equals(Sticky.NONE)) {
      return false;
    }
    Pick settled =
        proxy.balancer(of, settings).take(other, snapshot.endpoints(of, to.family()), tried);
    if (settled == null) {
      return false;
    }
    untried();
    close();
    pick = settled;
    return true;
  }

  private Sticky tie(Snapshot snapshot, Backend.Service of, ServiceDestination to, Head request) {
    return Stickiness.of(
        snapshot.servicePort(of.key()),
        settings,
        new RoutedHead(request),
        context.pod().address(to.family()));
  }

  /** Those of these that its connections are among: apart where they are limited. */
  Upstreams among(Upstreams all) {
    Backend.Service of = backend;
    return of == null || !settings.limitsConnections()
        ? all
        : all.limited(of.service(), proxy.controls().limits(of.service()).connections());
  }

  /** Why there is no endpoint, for people. */
  String noEndpoint() {
    return label + " has no endpoint that is ready; look at its pods and their readiness";
  }

  /** What it waited for until now had nothing to do with the endpoint. */
  void waited() {
    if (pick != null) {
      pick.waited();
    }
  }

  /** The endpoint that is tried; null if none is, or nothing is balanced. */
  @Nullable Endpoint endpoint() {
    return pick == null ? null : pick.endpoint();
  }

  void answered() {
    if (pick != null) {
      pick.answered();
    }
  }

  void failed() {
    if (pick != null) {
      pick.failed();
    }
  }

  void unreachable() {
    if (pick != null) {
      pick.unreachable();
    }
  }

  void timedOut() {
    if (pick != null) {
      pick.timedOut();
    }
  }

  /** Nobody knows how the endpoint would have done. */
  void untried() {
    if (pick != null) {
      pick.untried();
    }
  }

  /** The try is over. */
  void close() {
    Pick picked = pick;
    if (picked != null) {
      pick = null;
      picked.close();
    }
  }

  /** For people. */
  @Override
  public String toString() {
    return pick != null
        ? pick.endpoint().address() + " of " + label
        : backend != null ? label : context.original().toString();
  }
}
