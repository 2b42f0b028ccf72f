package io.weftmesh.proxy.http.filter;

import io.weftmesh.policy.model.Filter.Cors;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.http.codec.Head;
import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The CORS protocol of the Fetch Standard (3.3), spoken for the application (Gateway API, {@code
 * HTTPCORSFilter}). An origin that is not allowed is told nothing: the browser then keeps the
 * answer from the page. The request is passed on all the same, because CORS protects readers of
 * answers and not servers.
 */
public final class CrossOrigin {
  private static final String ALL = "*";

  private CrossOrigin() {}

  /** Whether a browser asks what it may send, before it sends it. */
  public static boolean isPreflight(RequestHead request) {
    return request.method().equals("OPTIONS")
        && request.header("origin") != null
        && request.header("access-control-request-method") != null;
  }

  /** The answer to a preflight request; it never reaches the application. */
  public static Head preflightAnswer(Cors cors, RequestHead request) {
    Head head = Head.response(204, "No Content");
    String origin = request.header("origin");
    if (origin != null && isAllowed(cors, origin)) {
      allowOrigin(cors, origin, head);
      list(
          head,
          "Access-Control-Allow-Methods",
          cors.allowMethods().stream().sorted().toList(),
          cors,
          request.header("access-control-request-method"));
      list(
          head,
          "Access-Control-Allow-Headers",
          cors.allowHeaders(),
          cors,
          request.header("access-control-request-headers"));
      head.add("Access-Control-Max-Age", Integer.toString(cors.maxAgeSeconds()));
    }
    head.add("Vary", "Origin");
    return head;
  }

  /**
   * Tells the browser what the page may read of an answer; in place of what the application said.
   *
   * @param origin of the request, null if it has none: then nothing is done
   */
  public static void answer(Cors cors, @Nullable String origin, Head head) {
    if (origin == null) {
      return;
    }
    head.remove("Access-Control-Allow-Origin");
    head.remove("Access-Control-Allow-Credentials");
    head.remove("Access-Control-Expose-Headers");
    if (isAllowed(cors, origin)) {
      allowOrigin(cors, origin, head);
      list(head, "Access-Control-Expose-Headers", cors.exposeHeaders(), cors, null);
    }
    String varies = head.value("vary");
    if (varies == null || !varies.toLowerCase(Locale.ROOT).contains("origin")) {
      head.add("Vary", "Origin");
    }
  }

  /** The origin itself rather than {@code *}, which no browser takes together with credentials. */
  private static void allowOrigin(Cors cors, String origin, Head head) {
    boolean everybody = cors.allowOrigins().contains(ALL) && !cors.allowCredentials();
    head.add("Access-Control-Allow-Origin", everybody ? ALL : origin);
    if (cors.allowCredentials()) {
      head.add("Access-Control-Allow-Credentials", "true");
    }
  }

  /**
   * @param asked what {@code *} stands for when credentials are allowed: then a literal star would
   *     mean a method or header of that name
   */
  private static void list(
      Head head, String name, Collection<String> values, Cors cors, @Nullable String asked) {
    if (values.isEmpty()) {
      return;
    }
    if (!values.contains(ALL)) {
      head.add(name, String.join(", ", values));
    } else if (!cors.allowCredentials()) {
      head.add(name, ALL);
    } else if (asked != null) {
      head.add(name, asked);
    }
  }

  static boolean isAllowed(Cors cors, String origin) {
    String lower = origin.toLowerCase(Locale.ROOT);
    for (String allowed : cors.allowOrigins()) {
      if (allowed.equals(ALL) || matches(allowed.toLowerCase(Locale.ROOT), lower)) {
        return true;
      }
    }
    return false;
  }

  /** {@code https://*.example.com} is met by one label or more in place of the star. */
  private static boolean matches(String allowed, String origin) {
    int star = allowed.indexOf('*');
    if (star < 0) {
      return allowed.equals(origin);
    }
    String before = allowed.substring(0, star);
    String after = allowed.substring(star + 1);
    return origin.length() > before.length() + after.length()
        && origin.startsWith(before)
        && origin.endsWith(after);
  }
}
