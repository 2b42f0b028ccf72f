package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.RequestTarget;
import org.jspecify.annotations.Nullable;

/** What routing sees of a request. The target is taken apart when it is first asked for. */
public final class RoutedHead implements RequestHead {
  private final Head head;
  private @Nullable String pathAndQuery;
  private String path = "";
  private String query = "";

  public RoutedHead(Head head) {
    this.head = head;
  }

  /** Path and query, as they are sent on. */
  public String target() {
    String known = pathAndQuery;
    if (known == null) {
      known = RequestTarget.pathAndQuery(head.target());
      pathAndQuery = known;
      int question = known.indexOf('?');
      path = question < 0 ? known : known.substring(0, question);
      query = question < 0 ? "" : known.substring(question + 1);
    }
    return known;
  }

  @Override
  public String method() {
    return head.method();
  }

  @Override
  public String path() {
    target();
    return path;
  }

  @Override
  public String query() {
    target();
    return query;
  }

  @Override
  public String authority() {
    String host = head.value(Field.HOST);
    return host == null ? "" : host;
  }

  @Override
  public @Nullable String header(String name) {
    return head.value(name);
  }
}
