package io.weftmesh.policy.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The conditions of one match of a rule; a request meets them all or does not match.
 *
 * @param path empty: any path, which ranks as the prefix {@code /}
 * @param method empty: any method
 */
public record RouteMatch(
    Optional<PathMatch> path,
    Optional<String> method,
    List<HeaderMatch> headers,
    List<QueryMatch> queryParameters) {

  /** Every request. */
  public static final RouteMatch ANY =
      new RouteMatch(Optional.empty(), Optional.empty(), List.of(), List.of());

  /**
   * The more particular first: exact path, then the longest prefix or regular expression, then a
   * method, then more headers, then more query parameters (Gateway API, {@code
   * HTTPRouteRule.matches}). For gRPC calls: the longest service, then the longest method, then
   * more headers ({@code GRPCRouteRule.matches}).
   */
  public static final Comparator<RouteMatch> PRECEDENCE =
      Comparator.comparing(
              (RouteMatch match) -> match.path.map(PathMatch::rank).orElse(PathMatch.Rank.LAST))
          .thenComparing(match -> match.method.isEmpty())
          .thenComparingInt(match -> -match.headers.size())
          .thenComparingInt(match -> -match.queryParameters.size());

  public RouteMatch {
    headers = List.copyOf(headers);
    queryParameters = List.copyOf(queryParameters);
  }

  /** Whether a request meets all conditions. */
  public boolean matches(RequestHead head) {
    return firstUnmet(head) == null;
  }

  /** The first condition that a request does not meet, for explaining; null if it meets all. */
  public @Nullable Object firstUnmet(RequestHead head) {
    if (path.isPresent() && !path.get().matches(head.path())) {
      return path.get();
    }
    if (method.isPresent() && !method.get().equals(head.method())) {
      return "method = " + method.get();
    }
    for (int i = 0; i < headers.size(); i++) {
      if (!headers.get(i).matches(head)) {
        return headers.get(i);
      }
    }
    for (int i = 0; i < queryParameters.size(); i++) {
      if (!queryParameters.get(i).matches(head)) {
        return queryParameters.get(i);
      }
    }
    return null;
  }

  /** Its conditions, joined by {@code and}. */
  @Override
  public String toString() {
    List<String> conditions = new ArrayList<>();
    path.ifPresent(wanted -> conditions.add(wanted.toString()));
    method.ifPresent(wanted -> conditions.add("method = " + wanted));
    headers.forEach(wanted -> conditions.add(wanted.toString()));
    queryParameters.forEach(wanted -> conditions.add(wanted.toString()));
    return conditions.isEmpty() ? "every request" : String.join(" and ", conditions);
  }
}
