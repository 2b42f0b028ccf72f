package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter.Redirect;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Head;
import java.util.Locale;

/** Redirects (Gateway API, {@code HTTPRequestRedirectFilter}). */
public final class Redirects {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  private Redirects() {}

  /**
   * The answer to a request that is redirected.
   *
   * @param seen the request as it was routed
   * @param match what it met, whose prefix may be replaced
   * @param servicePort the port that it was sent to
   */
  public static Head answer(
      Redirect redirect, RequestHead seen, RouteMatch match, int servicePort) {
    Head head = Head.response(redirect.status(), phrase(redirect.status()));
    head.add("Location", location(redirect, seen, match, servicePort));
    head.add(Field.CONTENT_LENGTH, "0");
    return head;
  }

  /**
   * Where a request is redirected to. The port is the one that is given; else the scheme's own, if
   * a scheme is given; else the one that the request was sent to. A port that the scheme implies is
   * left out.
   */
  static String location(Redirect redirect, RequestHead seen, RouteMatch match, int servicePort) {
    String scheme = redirect.scheme().orElse("http").toLowerCase(Locale.ROOT);
    int implied = scheme.equals("https") ? HTTPS_PORT : HTTP_PORT;
    int port = redirect.port().orElse(redirect.scheme().isPresent() ? implied : servicePort);
    String host = redirect.hostname().orElseGet(() -> withoutPort(seen.authority()));
    String path =
        redirect
            .path()
            .map(change -> Rewrites.changed(change, seen, match))
            .orElseGet(
                () -> seen.query().isEmpty() ? seen.path() : seen.path() + "?" + seen.query());
    return scheme + "://" + host + (port == implied ? "" : ":" + port) + path;
  }

  private static String withoutPort(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon < 0 || authority.endsWith("]") ? authority : authority.substring(0, colon);
  }

  private static String phrase(int status) {
    return switch (status) {
      case 301 -> "Moved Permanently";
      case 303 -> "See Other";
      case 307 -> "Temporary Redirect";
      case 308 -> "Permanent Redirect";
      default -> "Found";
    };
  }
}
