package io.weftmesh.policy.model;

import java.util.List;

/**
 * What happens to the traffic that meets one of the matches.
 *
 * @param matches any of them is enough; empty is every request
 * @param backends the draw, shared by all threads
 */
public record RouteRule(
    RouteOrigin origin,
    List<RouteMatch> matches,
    WeightedDraw backends,
    Timeouts timeouts,
    RetryPolicy retries) {

  public RouteRule {
    matches = List.copyOf(matches);
  }
}
