package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.Pod;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * One line of a table of requests and what must come of them:
 *
 * <pre>mesh/echo-v1 GET http://echo/v2?a=1 version:two -> 200 echo-v2 saw:X-Set=1 path=/x</pre>
 *
 * <p>The caller; the request, to a Service by its name in the namespace {@code mesh} or to a pod as
 * {@code pod.NAME}, with headers; behind the arrow the status and, in any order, the backend that
 * answered (its version) and what it saw ({@code saw:NAME=VALUE}, {@code unseen:NAME}, {@code
 * path=TARGET}), and what the client got ({@code got:NAME=VALUE}, {@code ungot:NAME}). A {@code
 * %20} in a value stands for a space.
 */
record RouteCheck(
    String text, String caller, String method, URI url, List<String> headers, List<String> wanted) {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  static RouteCheck parse(String line) {
    String[] sides = line.strip().split(" +-> +", -1);
    List<String> request = List.of(sides[0].split(" +"));
    return new RouteCheck(
        line.strip(),
        request.get(0),
        request.get(1),
        URI.create(request.get(2)),
        request.subList(3, request.size()),
        List.of(sides[1].split(" +")));
  }

  /** The same request as a question to {@code /explain}, answered as JSON. */
  String question() {
    StringBuilder query = new StringBuilder("format=json&from=").append(caller);
    query.append("&method=").append(method);
    String host = url.getHost();
    query
        .append("&to=")
        .append(
            URLEncoder.encode(url.toString().replace("://" + host, "://" + host + ".mesh"), UTF_8));
    for (String header : headers) {
      int colon = header.indexOf(':');
      query
          .append("&header=")
          .append(
              URLEncoder.encode(header.substring(0, colon) + ":" + value(header, colon), UTF_8));
    }
    if (headers.stream().noneMatch(header -> header.startsWith("Host:"))) {
      query.append("&header=").append(URLEncoder.encode("host:" + authority(), UTF_8));
    }
    return query.toString();
  }

  /** Whether it goes to a pod's own address, which has no name. */
  boolean isToPod() {
    return url.getHost().startsWith("pod.");
  }

  /**
   * Sends the request on a connection of its own, and fails with what was not as wanted.
   *
   * @return the answer
   */
  HttpMessage run(Lab lab) throws IOException {
    Pod from = lab.pod(caller);
    String host = url.getHost();
    String address =
        isToPod() ? lab.pod("mesh/" + host.substring(4)).address() : lab.service("mesh/" + host);
    int port = url.getPort() < 0 ? 80 : url.getPort();
    HttpMessage answer;
    try (HttpConnection connection =
        HttpConnection.open(from.namespace(), address, port, TIMEOUT)) {
      answer = connection.exchange(request(authority()));
    }
    List<String> missing = new ArrayList<>();
    for (String want : wanted) {
      if (!isMet(want, answer)) {
        missing.add(want);
      }
    }
    assertThat(missing).as("%s%nwas answered %s", text, answer).isEmpty();
    return answer;
  }

  private String authority() {
    return url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
  }

  private String request(String authority) {
    StringBuilder request = new StringBuilder(method).append(' ').append(url.getRawPath());
    if (url.getRawQuery() != null) {
      request.append('?').append(url.getRawQuery());
    }
    request.append(" HTTP/1.1\r\n");
    if (headers.stream().noneMatch(header -> header.startsWith("Host:"))) {
      request.append("Host: ").append(authority).append("\r\n");
    }
    for (String header : headers) {
      int colon = header.indexOf(':');
      request.append(header, 0, colon).append(": ").append(value(header, colon)).append("\r\n");
    }
    return request.append("Connection: close\r\n\r\n").toString();
  }

  private static boolean isMet(String want, HttpMessage answer) {
    int equals = want.indexOf('=');
    String key = equals < 0 ? want : want.substring(0, equals);
    String name = key.substring(key.indexOf(':') + 1);
    Optional<String> value = equals < 0 ? Optional.empty() : Optional.of(value(want, equals));
    if (key.startsWith("saw:")) {
      return seen(answer, name).equals(value);
    } else if (key.startsWith("unseen:")) {
      return seen(answer, name).isEmpty();
    } else if (key.startsWith("got:")) {
      return answer.header(name).equals(value);
    } else if (key.startsWith("ungot:")) {
      return answer.header(name).isEmpty();
    } else if (key.equals("path")) {
      return value.equals(target(echo(answer)));
    } else if (key.matches("\\d{3}")) {
      return answer.status() == Integer.parseInt(key);
    }
    return key.equals(echo(answer).get("version"));
  }

  /** The request target that the test application saw. */
  static Optional<String> target(Map<?, ?> echo) {
    return Optional.ofNullable(echo.get("request"))
        .map(line -> String.valueOf(line).split(" ", -1)[1]);
  }

  private static String value(String text, int separator) {
    return text.substring(separator + 1).replace("%20", " ");
  }

  /** The value of a header as the backend saw it; several of one name joined by a comma. */
  private static Optional<String> seen(HttpMessage answer, String name) {
    List<String> values = new ArrayList<>();
    if (echo(answer).get("headers") instanceof List<?> headers) {
      for (Object header : headers) {
        List<?> pair = (List<?>) header;
        if (name.equalsIgnoreCase(String.valueOf(pair.get(0)))) {
          values.add(String.valueOf(pair.get(1)));
        }
      }
    }
    return values.isEmpty() ? Optional.empty() : Optional.of(String.join(",", values));
  }

  /** What the test application says of the request, which is JSON and so YAML. */
  static Map<?, ?> echo(HttpMessage answer) {
    if (!answer.body().startsWith("{")) {
      return Map.of();
    }
    Object read = new Load(LoadSettings.builder().build()).loadFromString(answer.body());
    return read instanceof Map<?, ?> map ? map : Map.of();
  }

  @Override
  public String toString() {
    return text;
  }
}
