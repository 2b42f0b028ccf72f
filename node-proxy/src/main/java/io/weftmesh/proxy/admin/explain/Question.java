package io.weftmesh.proxy.admin.explain;

import io.weftmesh.policy.model.RequestHead;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A request that somebody wants explained.
 *
 * @param namespace of the pod that sends it
 * @param pod its name, for the answer alone: routes go by namespace
 * @param target where it is sent; its scheme is http, https or tcp
 * @param headers names in lower case
 */
public record Question(
    String namespace, String pod, String method, URI target, Map<String, String> headers) {
  private static final String EXPECTED_FROM = "expected namespace/pod, such as shop/client-0";
  private static final String EXPECTED_TO =
      "expected scheme://service or address, with port and path, such as"
          + " http://echo.shop:8080/v2?x=1; the scheme is http, https or tcp";

  public Question {
    headers = Map.copyOf(headers);
  }

  /**
   * From the parameters of a query, decoded.
   *
   * @throws IllegalArgumentException naming the parameter, its value and what was expected
   */
  public static Question of(Map<String, List<String>> parameters) {
    for (String name : parameters.keySet()) {
      if (!List.of("from", "to", "method", "header", "format").contains(name)) {
        throw new IllegalArgumentException(
            "parameter " + name + " is not known, expected from, to, method, header or format");
      }
    }
    String from = only(parameters, "from", EXPECTED_FROM);
    int slash = from.indexOf('/');
    if (slash <= 0 || slash == from.length() - 1) {
      throw new IllegalArgumentException("from is \"" + from + "\", " + EXPECTED_FROM);
    }
    Map<String, String> headers = new TreeMap<>();
    for (String header : parameters.getOrDefault("header", List.of())) {
      int colon = header.indexOf(':');
      if (colon <= 0) {
        throw new IllegalArgumentException(
            "header is \"" + header + "\", expected name:value, such as version:two");
      }
      headers.merge(
          header.substring(0, colon).strip().toLowerCase(Locale.ROOT),
          header.substring(colon + 1).strip(),
          (first, second) -> first + "," + second);
    }
    String method =
        parameters.containsKey("method")
            ? only(parameters, "method", "expected one, such as GET")
            : "GET";
    return new Question(
        from.substring(0, slash),
        from.substring(slash + 1),
        method,
        target(only(parameters, "to", EXPECTED_TO)),
        headers);
  }

  /** The port that is meant. */
  int port() {
    if (target.getPort() >= 0) {
      return target.getPort();
    }
    return target.getScheme().equals("https") ? 443 : 80;
  }

  boolean isHttp() {
    return target.getScheme().equals("http");
  }

  boolean isTls() {
    return target.getScheme().equals("https");
  }

  /** The host, without the brackets around an address of IPv6. */
  String host() {
    String host = target.getHost();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** The request as routes see it. */
  RequestHead head() {
    return new RequestHead() {
      @Override
      public String method() {
        return method;
      }

      @Override
      public String path() {
        String path = target.getRawPath();
        return path == null || path.isEmpty() ? "/" : path;
      }

      @Override
      public String query() {
        return target.getRawQuery() == null ? "" : target.getRawQuery();
      }

      @Override
      public String authority() {
        return headers.getOrDefault("host", target.getRawAuthority());
      }

      @Override
      public @Nullable String header(String name) {
        return name.equals("host") ? authority() : headers.get(name);
      }
    };
  }

  private static URI target(String text) {
    try {
      URI target = new URI(text);
      boolean right =
          target.getHost() != null
              && target.getScheme() != null
              && List.of("http", "https", "tcp").contains(target.getScheme());
      if (right && target.getScheme().equals("tcp") && target.getPort() < 0) {
        throw new IllegalArgumentException(
            "to is \"" + text + "\", which has no port, and tcp implies none; " + EXPECTED_TO);
      }
      if (right) {
        return target;
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("to is \"" + text + "\", " + EXPECTED_TO, e);
    }
    throw new IllegalArgumentException("to is \"" + text + "\", " + EXPECTED_TO);
  }

  private static String only(Map<String, List<String>> parameters, String name, String expected) {
    List<String> values = parameters.getOrDefault(name, List.of());
    if (values.size() != 1 || values.getFirst().isBlank()) {
      throw new IllegalArgumentException(
          "parameter "
              + name
              + (values.isEmpty()
                  ? " is missing"
                  : values.size() == 1 ? " is empty" : " stands there " + values.size() + " times")
              + ", "
              + expected);
    }
    return values.getFirst().strip();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(namespace).append('/').append(pod);
    text.append(" sends ");
    if (isHttp()) {
      text.append(method).append(' ');
    }
    text.append(target);
    headers.forEach((name, value) -> text.append(" with ").append(name).append(": ").append(value));
    return text.toString();
  }
}
