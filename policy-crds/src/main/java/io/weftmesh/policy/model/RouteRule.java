package io.weftmesh.policy.model;

import java.util.List;

/**
 * What happens to the traffic that meets one of the matches.
 *
 * @param hosts any of them is enough; empty is every host
 * @param matches any of them is enough; empty is every request
 * @param filters in the order in which they are done
 * @param backends the draw, shared by all threads
 */
public record RouteRule(
    RouteOrigin origin,
    List<HostMatch> hosts,
    List<RouteMatch> matches,
    List<Filter> filters,
    WeightedDraw backends,
    RequestPolicy policy) {

  public RouteRule {
    hosts = List.copyOf(hosts);
    matches = List.copyOf(matches);
    filters = List.copyOf(filters);
  }

  /** A rule without filters, for any host. */
  public RouteRule(
      RouteOrigin origin, List<RouteMatch> matches, WeightedDraw backends, RequestPolicy policy) {
    this(origin, List.of(), matches, List.of(), backends, policy);
  }

  /** The same rule with another draw. */
  RouteRule drawing(WeightedDraw draw) {
    return new RouteRule(origin, hosts, matches, filters, draw, policy);
  }

  public Timeouts timeouts() {
    return policy.timeouts();
  }

  public RetryPolicy retries() {
    return policy.retries();
  }
}
