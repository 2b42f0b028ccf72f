package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.filter.RequestFilters;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What was decided on a request before anything of it was sent. */
sealed interface Routed {

  /**
   * It is sent.
   *
   * @param backend null where nothing is balanced
   * @param label the backend as metrics have it
   * @param filters of the rule and the backend, for the answer
   */
  record Forward(
      Backend.@Nullable Service backend,
      String label,
      List<Filter> filters,
      List<Filter.Mirror> mirrors,
      RequestPolicy policy,
      BackendSettings settings)
      implements Routed {}

  /** A route has the proxy answer, with this head and no body. */
  record Answer(Head head) implements Routed {}

  /**
   * The proxy has to refuse it.
   *
   * @param backend that it was meant for, as metrics have it; empty if it did not come so far
   */
  record Refuse(ErrorReason reason, String backend, String text) implements Routed {}

  /**
   * Routes a request to a Service: the rule that it meets, what the rule's filters do to it, a draw
   * among the rule's backends, what that backend's filters do to it.
   *
   * @param head changed in place
   */
  static Routed of(Snapshot snapshot, ServiceDestination to, String clientNamespace, Head head) {
    var seen = new RoutedHead(head);
    RouteTable.Entry met = snapshot.routes(to.port(), clientNamespace).match(seen);
    if (met == null) {
      return new Refuse(
          ErrorReason.NO_ROUTE,
          "",
          to.port() + " has routes, and none matches " + head.method() + " " + seen.path());
    }
    RouteRule rule = met.rule();
    Routed stopped = filtered(rule.filters(), head, seen, met, to);
    if (stopped != null) {
      return stopped;
    }
    WeightedBackend drawn = rule.backends().next();
    if (drawn == null || !(drawn.backend() instanceof Backend.Service service)) {
      return unresolvable(rule, drawn);
    }
    stopped = filtered(drawn.filters(), head, seen, met, to);
    if (stopped != null) {
      return stopped;
    }
    List<Filter> filters = joined(rule.filters(), drawn.filters());
    return new Forward(
        service,
        service.toString(),
        filters,
        mirrors(filters),
        rule.policy(),
        snapshot.backendSettings(service.service()));
  }

  private static @Nullable Routed filtered(
      List<Filter> filters,
      Head head,
      RoutedHead seen,
      RouteTable.Entry met,
      ServiceDestination to) {
    if (filters.isEmpty()) {
      return null;
    }
    return switch (RequestFilters.apply(filters, head, seen, met.match(), to.port().port())) {
      case RequestFilters.Result.Answer answer -> new Answer(answer.head());
      case RequestFilters.Result.Refuse refuse ->
          new Refuse(ErrorReason.UNSUPPORTED_FILTER, "", met.rule().origin() + " " + refuse.what());
      case RequestFilters.Result.Pass pass -> null;
    };
  }

  private static Refuse unresolvable(RouteRule rule, @Nullable WeightedBackend drawn) {
    if (drawn != null && drawn.backend() instanceof Backend.Unresolvable to) {
      return new Refuse(
          ErrorReason.UNRESOLVABLE_BACKEND,
          to.reference(),
          rule.origin() + " leads to " + to.reference() + ", which can't be used: " + to.problem());
    }
    return new Refuse(
        ErrorReason.UNRESOLVABLE_BACKEND, "", rule.origin() + " gives no backend a weight");
  }

  private static List<Filter> joined(List<Filter> one, List<Filter> other) {
    if (one.isEmpty() || other.isEmpty()) {
      return one.isEmpty() ? other : one;
    }
    List<Filter> joined = new ArrayList<>(one);
    joined.addAll(other);
    return joined;
  }

  private static List<Filter.Mirror> mirrors(List<Filter> filters) {
    if (filters.isEmpty()) {
      return List.of();
    }
    List<Filter.Mirror> mirrors = new ArrayList<>(1);
    for (Filter filter : filters) {
      if (filter instanceof Filter.Mirror mirror) {
        mirrors.add(mirror);
      }
    }
    return mirrors;
  }
}
