package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.RequestTarget;
import org.jspecify.annotations.Nullable;

/** What routing sees of a request. */
public final class RoutedHead implements RequestHead {
  private final Head head;
  private final String pathAndQuery;
  private final String path;
  private final int question;

  public RoutedHead(Head head) {
    this.head = head;
    this.pathAndQuery = RequestTarget.pathAndQuery(head.target());
    this.question = pathAndQuery.indexOf('?');
    this.path = question < 0 ? pathAndQuery : pathAndQuery.substring(0, question);
  }

  /** Path and query, as they are sent on. */
  public String target() {
    return pathAndQuery;
  }

  @Override
  public String method() {
    return head.method();
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public String query() {
    return question < 0 ? "" : pathAndQuery.substring(question + 1);
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
