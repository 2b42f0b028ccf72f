package io.weftmesh.policy.model;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What an access rule says of requests; all of it must be met.
 *
 * @param methods any of them; empty is every method
 * @param path in {@link PlainPath plain} form
 */
public record RequestCondition(
    Set<String> methods, Optional<PathMatch> path, List<HeaderMatch> headers) {

  public RequestCondition {
    methods = Set.copyOf(methods);
    headers = List.copyOf(headers);
  }

  Certainty isMetBy(RequestHead head) {
    Certainty met = Certainty.of(methods.isEmpty() || methods.contains(head.method()));
    for (int i = 0; i < headers.size(); i++) {
      met = met.and(Certainty.of(headers.get(i).matches(head)));
    }
    return path.isEmpty() ? met : met.and(isMetBy(path.get(), head.path()));
  }

  private static Certainty isMetBy(PathMatch wanted, String path) {
    return PlainPath.is(path) ? Certainty.of(wanted.matches(path)) : Certainty.UNKNOWN;
  }
}
