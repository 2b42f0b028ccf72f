package io.weftmesh.policy.model;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;

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
      met = met.and(isMetBy(headers.get(i), head));
    }
    return path.isEmpty() ? met : met.and(isMetBy(path.get(), head.path()));
  }

  /**
   * Two fields of one name reach us joined by a comma (RFC 9110, 5.3), and an application may look
   * at either: a member that is meant makes the whole of it uncertain.
   */
  private static Certainty isMetBy(HeaderMatch wanted, RequestHead head) {
    String value = head.header(wanted.name());
    if (value == null || wanted.value().matches(value)) {
      return Certainty.of(value != null);
    }
    int start = 0;
    for (int comma = value.indexOf(','); comma >= 0; comma = value.indexOf(',', start)) {
      if (wanted.value().matches(value.substring(start, comma).strip())) {
        return Certainty.UNKNOWN;
      }
      start = comma + 1;
    }
    return start > 0 && wanted.value().matches(value.substring(start).strip())
        ? Certainty.UNKNOWN
        : Certainty.of(false);
  }

  private static Certainty isMetBy(PathMatch wanted, String path) {
    return PlainPath.is(path) ? Certainty.of(wanted.matches(path)) : Certainty.UNKNOWN;
  }

  /** {@code GET, path under /open/, header x = y}. */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ").setEmptyValue("any request");
    if (!methods.isEmpty()) {
      text.add(String.join(" or ", new TreeSet<>(methods)));
    }
    path.ifPresent(wanted -> text.add(wanted.toString()));
    headers.forEach(wanted -> text.add(wanted.toString()));
    return text.toString();
  }
}
