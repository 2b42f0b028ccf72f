package io.weftmesh.proxy.http.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Filter.Redirect;
import io.weftmesh.policy.model.Filter.Rewrite;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.proxy.http.codec.Head;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedirectsTest {

  /** Columns: Service port, scheme, hostname, port, Host, Location. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          80,   ,      ,            ,     echo,      http://echo/a?q=1
          8080, ,      ,            ,     echo:8080, http://echo:8080/a?q=1
          8080, ,      example.org, ,     echo:8080, http://example.org:8080/a?q=1
          80,   https, ,            ,     echo,      https://echo/a?q=1
          8080, https, ,            ,     echo:8080, https://echo/a?q=1
          8080, http,  ,            ,     echo:8080, http://echo/a?q=1
          80,   ,      ,            8083, echo,      http://echo:8083/a?q=1
          80,   https, ,            443,  echo,      https://echo/a?q=1
          80,   https, ,            80,   echo,      https://echo:80/a?q=1
          8080, ,      ,            80,   echo:8080, http://echo/a?q=1
          80,   http,  example.org, 443,  echo,      http://example.org:443/a?q=1
          80,   ,      ,            ,     [fd00::1], http://[fd00::1]/a?q=1
          81,   ,      ,            ,     [fd00::1]:81, http://[fd00::1]:81/a?q=1
          """)
  void thePortIsTheOneGivenElseTheSchemesElseTheServices(
      int servicePort, String scheme, String hostname, Integer port, String host, String expected) {
    Redirect redirect =
        new Redirect(
            Optional.ofNullable(scheme),
            Optional.ofNullable(hostname),
            port == null ? OptionalInt.empty() : OptionalInt.of(port),
            Optional.empty(),
            302);

    assertThat(Redirects.location(redirect, seen("/a?q=1", host), RouteMatch.ANY, servicePort))
        .isEqualTo(expected);
  }

  @Test
  void theAnswerHasTheStatusTheLocationAndNoBody() {
    Redirect redirect =
        new Redirect(
            Optional.empty(),
            Optional.of("example.org"),
            OptionalInt.empty(),
            Optional.of(new PathChange.Full("/there")),
            308);

    Head answer = Redirects.answer(redirect, seen("/here?q=1", "echo"), RouteMatch.ANY, 80);

    assertThat(answer.status()).isEqualTo(308);
    assertThat(Heads.fields(answer))
        .isEqualTo("Location: http://example.org/there?q=1\nContent-Length: 0");
  }

  /** The table in Gateway API's {@code HTTPPathModifier}. Columns: prefix, replacement, path. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      textBlock =
          """
          /foo,  /xyz,  /foo/bar,  /xyz/bar
          /foo,  /xyz/, /foo/bar,  /xyz/bar
          /foo/, /xyz,  /foo/bar,  /xyz/bar
          /foo/, /xyz/, /foo/bar,  /xyz/bar
          /foo,  /xyz,  /foo,      /xyz
          /foo/, /xyz,  /foo,      /xyz
          /foo,  /xyz,  /foo/,     /xyz/
          /foo,  ``,    /foo/bar,  /bar
          /foo,  ``,    /foo/,     /
          /foo,  ``,    /foo,      /
          /foo,  /,     /foo/,     /
          /foo,  /,     /foo,      /
          /foo,  /,     /foo/bar,  /bar
          /,     /xyz,  /foo,      /xyz/foo
          /,     /xyz,  /,         /xyz/
          """)
  void aReplacedPrefixIsReplacedSegmentBySegment(
      String prefix, String replacement, String path, String expected) {
    RouteMatch match =
        new RouteMatch(
            Optional.of(new PathMatch.Prefix(prefix)), Optional.empty(), List.of(), List.of());
    Rewrite rewrite =
        new Rewrite(Optional.empty(), Optional.of(new PathChange.Prefix(replacement)));
    Head head = Heads.request("GET " + path + "?q=1 HTTP/1.1", "Host: echo");

    Rewrites.apply(rewrite, head, seen(path + "?q=1", "echo"), match);

    assertThat(Heads.sent(head)).isEqualTo("GET " + expected + "?q=1 HTTP/1.1\nHost: echo");
  }

  @Test
  void aRewriteMayChangeHostAndWholePath() {
    Head head = Heads.request("GET /old HTTP/1.1", "Host: echo", "X-Kept: 1");

    Rewrites.apply(
        new Rewrite(Optional.of("other.example"), Optional.of(new PathChange.Full("/new"))),
        head,
        seen("/old", "echo"),
        RouteMatch.ANY);

    assertThat(Heads.sent(head)).isEqualTo("GET /new HTTP/1.1\nX-Kept: 1\nHost: other.example");
  }

  private static RequestHead seen(String target, String host) {
    return Heads.seen("GET", target, "Host: " + host);
  }
}
