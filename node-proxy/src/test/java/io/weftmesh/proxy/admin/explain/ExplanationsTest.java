package io.weftmesh.proxy.admin.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.HostMatch;
import io.weftmesh.policy.model.PathChange;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplanationsTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final ServicePortKey DB = new ServicePortKey("shop", "db", 80);
  private static final ServicePortKey EMPTY = new ServicePortKey("shop", "empty", 80);

  @Test
  void tellsEveryStepToABackend() {
    String text = explain("http://echo/v2/x?a=1", Map.of("version", "two")).toText();

    assertThat(text)
        .startsWith("shop/client sends GET http://echo/v2/x?a=1 with version: two\n")
        .contains("echo is the name of Service shop/echo")
        .contains("not HTTPRoute shop/split[1]: path = /old")
        .contains("HTTPRoute shop/split, by any host and path under /v2/ and header version = two")
        .contains("Rewrite")
        .contains("10.0.0.1:8080, mtls by the test")
        .contains("shop/echo:80 weight 3 of 4 (75.0 %)")
        .contains("=> it goes on as /new/x?a=1 to\n    75.0 % shop/echo:80 at 10.0.0.1:8080\n")
        .contains("25.0 % shop/gone:80, answered by the proxy: unresolvable_backend");
  }

  @Test
  void tellsWhyNothingMatches() {
    Explanation explanation = explain("http://10.96.0.1/v2", Map.of());

    assertThat(explanation.outcome())
        .isEqualTo(new Outcome.Answered(404, Optional.of("no_route"), Map.of()));
    assertThat(explanation.toText())
        .contains("10.96.0.1 port 80 is Service port shop/echo:80")
        .contains("not HTTPRoute shop/split: header version = two")
        .contains("no rule is met");
  }

  @Test
  void tellsOfARedirect() {
    assertThat(explain("http://echo/old", Map.of()).outcome())
        .isEqualTo(
            new Outcome.Answered(
                302,
                Optional.empty(),
                Map.of("Location", "http://example.org/old", "Content-Length", "0")));
  }

  @Test
  void tellsThatConsumerRoutesReplaceTheOthers() {
    Question question =
        Question.of(Map.of("from", List.of("other/client"), "to", List.of("http://echo.shop/")));

    assertThat(explanations().explain(question).toText())
        .contains("those that namespace other has written for its own clients")
        .contains("HTTPRoute other/own");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://nowhere/      | 0   | unknown_name
          http://echo:81/      | 0   | no_such_port
          http://empty/        | 503 | no_endpoint
          """)
  void tellsWhatThereIsNot(String to, int status, String error) {
    assertThat(explain(to, Map.of()).outcome())
        .isEqualTo(new Outcome.Answered(status, Optional.of(error), Map.of()));
  }

  @Test
  void whatIsOutsideGoesThere() {
    assertThat(explain("tcp://192.0.2.1:5432", Map.of()).outcome())
        .isEqualTo(
            new Outcome.Forwarded(
                Optional.empty(),
                List.of(
                    new Outcome.Share(
                        "192.0.2.1:5432", 100, Optional.empty(), List.of("192.0.2.1:5432")))));
  }

  @Test
  void atAPortOfBytesHttpIsBytes() {
    Explanation explanation = explain("http://db/v2", Map.of());

    assertThat(explanation.toText())
        .contains("the Service declares TCP: whatever comes is passed on as bytes")
        .contains("for the connection as a whole");
    assertThat(explanation.outcome())
        .isEqualTo(
            new Outcome.Forwarded(
                Optional.empty(),
                List.of(
                    new Outcome.Share(
                        "shop/db:80", 100, Optional.empty(), List.of("10.0.0.1:8080")))));
  }

  @Test
  void isWrittenAsJson() {
    assertThat(explain("http://echo/old", Map.of()).toJson())
        .contains("\"from\" : \"shop/client\"")
        .contains("\"subject\" : \"address\"")
        .contains("\"status\" : 302");
    assertThat(explain("http://echo/v2", Map.of("version", "two")).toJson())
        .contains("\"backend\" : \"shop/echo:80\"")
        .contains("\"percent\" : 75.0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          client      | http://echo/   | from is "client", expected namespace/pod
          shop/client | echo           | to is "echo", expected scheme://service
          shop/client | ftp://echo/    | to is "ftp://echo/", expected scheme://service
          shop/client | tcp://echo     | which has no port
          shop/client | http://a b/    | to is "http://a b/"
          """)
  void saysWhatIsWrongWithAQuestion(String from, String to, String error) {
    assertThatThrownBy(() -> Question.of(Map.of("from", List.of(from), "to", List.of(to))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(error);
  }

  @Test
  void refusesWhatItDoesNotKnowAndWhatCouldNotBeSent() {
    assertThatThrownBy(() -> Question.of(Map.of("to", List.of("http://echo/"))))
        .hasMessageContaining("parameter from is missing");
    assertThatThrownBy(() -> Question.of(Map.of("form", List.of("a/b"))))
        .hasMessageContaining("parameter form is not known");
    assertThatThrownBy(() ->
            Question.of(
                Map.of(
                    "from",
                    List.of("a/b"),
                    "to",
                    List.of("http://echo/"),
                    "header",
                    List.of("none"))))
        .hasMessageContaining("header is \"none\", expected name:value");
    assertThatThrownBy(() -> explain("http://echo/", Map.of("a", "line\r\nbreak")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Explanation explain(String to, Map<String, String> headers) {
    return explanations().explain(new Question("shop", "client", "GET", URI.create(to), headers));
  }

  private static Explanations explanations() {
    RouteRule split =
        new RouteRule(
            new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "shop", "split", 0),
            List.of(),
            List.of(
                new RouteMatch(
                    Optional.of(new PathMatch.Prefix("/v2")),
                    Optional.empty(),
                    List.of(new HeaderMatch("version", "two")),
                    List.of())),
            List.of(
                new Filter.Rewrite(Optional.empty(), Optional.of(new PathChange.Prefix("/new")))),
            new WeightedDraw(
                List.of(
                    new WeightedBackend(new Backend.Service(ECHO), 3),
                    new WeightedBackend(
                        new Backend.Unresolvable("shop/gone:80", "does not exist"), 1))),
            RequestPolicy.DEFAULT);
    RouteRule old =
        new RouteRule(
            new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "shop", "split", 1),
            List.of(HostMatch.ANY),
            List.of(
                new RouteMatch(
                    Optional.of(new PathMatch.Exact("/old")),
                    Optional.empty(),
                    List.of(),
                    List.of())),
            List.of(
                new Filter.Redirect(
                    Optional.empty(),
                    Optional.of("example.org"),
                    OptionalInt.empty(),
                    Optional.empty(),
                    302)),
            new WeightedDraw(List.of()),
            RequestPolicy.DEFAULT);
    RouteRule own =
        new RouteRule(
            new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "other", "own", 0),
            List.of(),
            WeightedDraw.always(new Backend.Service(ECHO)),
            RequestPolicy.DEFAULT);
    RouteTable producer = new RouteTable(List.of(split, old), split);
    Snapshot snapshot =
        new Snapshot.Builder(1)
            .servicePort(
                port(ECHO),
                List.of(InetAddress.ofLiteral("10.96.0.1")),
                EndpointSet.of(
                    List.of(
                        Endpoint.of(
                            new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 8080)))),
                EndpointSet.empty(),
                new RouteSets(producer, Map.of("other", RouteTable.of(own))))
            .servicePort(
                new ServicePort(DB, "tcp", Protocol.TCP, Duration.ZERO),
                List.of(InetAddress.ofLiteral("10.96.0.3")),
                EndpointSet.of(
                    List.of(
                        Endpoint.of(
                            new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 8080)))),
                EndpointSet.empty(),
                null)
            .servicePort(
                port(EMPTY),
                List.of(InetAddress.ofLiteral("10.96.0.2")),
                EndpointSet.empty(),
                EndpointSet.empty(),
                null)
            .build();
    return new Explanations(
        () -> snapshot,
        "cluster.local",
        endpoint -> "mtls by the test",
        PodLabels.NONE,
        (backend, endpoints) -> List.of());
  }

  private static ServicePort port(ServicePortKey key) {
    return new ServicePort(key, "http", Protocol.HTTP, Duration.ZERO);
  }
}
