package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter.Rewrite;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;

/** Changes what the backend is asked for (Gateway API, {@code HTTPURLRewriteFilter}). */
public final class Rewrites {
  private static final PathMatch.Prefix NO_PREFIX = new PathMatch.Prefix("");

  private Rewrites() {}

  /**
   * Does the change to a request.
   *
   * @param seen the request as it was routed
   * @param match what it met, whose prefix may be replaced
   */
  public static void apply(Rewrite rewrite, Head head, RequestHead seen, RouteMatch match) {
    rewrite.hostname().ifPresent(hostname -> head.set(Field.HOST, hostname));
    rewrite.path().ifPresent(change -> head.target(changed(change, seen, match)));
  }

  /** The path after a change, with the query as it was. */
  static String changed(PathChange change, RequestHead seen, RouteMatch match) {
    PathMatch.Prefix prefix =
        match.path().orElse(null) instanceof PathMatch.Prefix matched ? matched : NO_PREFIX;
    String path = change.apply(seen.path(), prefix);
    return seen.query().isEmpty() ? path : path + "?" + seen.query();
  }
}
