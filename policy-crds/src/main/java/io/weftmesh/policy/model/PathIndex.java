package io.weftmesh.policy.model;

import io.weftmesh.policy.model.RouteTable.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The matches of a table by the path that they ask for, so that a request is held against those
 * that its own path may meet and not against all. A request's path meets one exact path and one
 * prefix for each of its segments; what is no plain path (a regular expression) is always looked
 * at.
 *
 * <p>Of all that a request meets the first in the table's order is wanted: each list is in that
 * order, and is left as soon as it can only give something later than what was found.
 *
 * <p>Immutable.
 */
final class PathIndex {
  private final Map<String, List<Place>> exact = new HashMap<>();
  private final Map<String, List<Place>> prefixes = new HashMap<>();
  private final List<Place> others = new ArrayList<>();

  /** An entry and where it stands in the table. */
  private record Place(int order, Entry entry) {}

  PathIndex(List<Entry> byPrecedence) {
    for (int i = 0; i < byPrecedence.size(); i++) {
      Entry entry = byPrecedence.get(i);
      list(entry.match().path().orElse(null)).add(new Place(i, entry));
    }
  }

  @Nullable Entry match(RequestHead head) {
    String path = head.path();
    Place found = better(null, exact.get(path), head);
    if (!prefixes.isEmpty()) {
      found = better(found, prefixes.get(path), head);
      for (int slash = path.lastIndexOf('/');
          slash >= 0;
          slash = path.lastIndexOf('/', slash - 1)) {
        found = better(found, prefixes.get(path.substring(0, slash)), head);
      }
      if (!path.startsWith("/")) {
        // The asterisk of OPTIONS: under no path, but under the prefix that all are under.
        found = better(found, prefixes.get(""), head);
      }
    }
    found = better(found, others, head);
    return found == null ? null : found.entry;
  }

  private List<Place> list(@Nullable PathMatch path) {
    return switch (path) {
      case PathMatch.Exact(String value) -> exact.computeIfAbsent(value, p -> new ArrayList<>(1));
      case PathMatch.Prefix(String value) ->
          prefixes.computeIfAbsent(value, p -> new ArrayList<>(1));
      case PathMatch.Regex regex -> others;
      case null -> others;
    };
  }

  private static @Nullable Place better(
      @Nullable Place found, @Nullable List<Place> candidates, RequestHead head) {
    if (candidates == null) {
      return found;
    }
    for (int i = 0; i < candidates.size(); i++) {
      Place candidate = candidates.get(i);
      if (found != null && candidate.order > found.order) {
        return found;
      }
      if (candidate.entry.matches(head)) {
        return candidate;
      }
    }
    return found;
  }
}
