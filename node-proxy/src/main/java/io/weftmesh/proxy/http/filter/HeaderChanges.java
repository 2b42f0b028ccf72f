package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter.HeaderChange;
import io.weftmesh.policy.model.Filter.HeaderValue;
import io.weftmesh.proxy.http.codec.Head;

/** Changes of headers (Gateway API, {@code HTTPHeaderFilter}), of requests and answers alike. */
public final class HeaderChanges {
  private HeaderChanges() {}

  /** Does the change to a head. Names mean the same in any case; those that are set keep theirs. */
  public static void apply(HeaderChange change, Head head) {
    for (HeaderValue header : change.set()) {
      head.set(header.name(), header.value());
    }
    for (HeaderValue header : change.add()) {
      String before = head.value(header.name());
      head.set(header.name(), before == null ? header.value() : before + "," + header.value());
    }
    for (String name : change.remove()) {
      head.remove(name);
    }
  }
}
