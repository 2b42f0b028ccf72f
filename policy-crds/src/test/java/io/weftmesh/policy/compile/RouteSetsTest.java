package io.weftmesh.policy.compile;

import static io.weftmesh.policy.compile.RouteFixture.compile;
import static io.weftmesh.policy.compile.RouteFixture.http;
import static io.weftmesh.policy.compile.RouteFixture.outcome;
import static io.weftmesh.policy.compile.RouteFixture.parent;
import static io.weftmesh.policy.compile.RouteFixture.route;
import static io.weftmesh.policy.compile.RouteFixture.table;
import static io.weftmesh.policy.compile.RouteFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.WeightedDraw;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which routes hold where, and what status says of each. */
class RouteSetsTest {
  private static final String TO_V1 = "rules: [{backendRefs: [{name: echo-v1, port: 80}]}]\n";
  private static final String SHIFT =
      """
      apiVersion: policy.weftmesh.io/v1alpha1
      kind: TrafficShift
      metadata: {name: s, namespace: mesh}
      spec: {service: echo, backends: [{service: echo-v2, weight: 1}]}
      """;

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          name: gone                                     | NoMatchingParent   | spec.parentRefs[0].name is "gone", but there is no Service mesh/gone
          name: echo, port: 81                           | NoMatchingParent   | spec.parentRefs[0].port is 81, expected a TCP port of Service mesh/echo, which has 80, 443
          name: echo, sectionName: web                   | NoMatchingParent   | spec.parentRefs[0].sectionName is "web", expected the name of a TCP port of Service mesh/echo
          name: echo, sectionName: http, port: 443       | NoMatchingParent   | spec.parentRefs[0].sectionName is "http", expected the name of port 443 of Service mesh/echo
          name: headless                                 | NotAllowedByParent | spec.parentRefs[0].name is "headless", which is headless
          name: external                                 | NotAllowedByParent | spec.parentRefs[0].name is "external", which is an ExternalName
          port: 80                                       | NoMatchingParent   | spec.parentRefs[0].name is missing
          """)
  void aParentThatLeadsNowhereIsSaidSo(String fields, String reason, String message) {
    Compiled compiled = compile(route("HTTPRoute", "r", parent(fields) + TO_V1));

    assertThat(compiled.routes()).isEmpty();
    RouteStatus.Condition accepted = compiled.statuses().getFirst().parents().getFirst().accepted();
    assertThat(accepted.holds()).isFalse();
    assertThat(accepted.reason()).isEqualTo(reason);
    assertThat(accepted.message()).startsWith(message);
    assertThat(compiled.problems())
        .extracting(Problem::message)
        .containsExactly(accepted.message());
  }

  @Test
  void everyParentOfOursHasAnEntryAndGatewaysHaveNone() {
    Compiled compiled =
        compile(
            route(
                "HTTPRoute",
                "r",
                """
                parentRefs:
                - {name: edge}
                - {group: core, kind: Service, name: echo-v2, port: 80}
                - {kind: Service, name: echo}
                - {group: "", kind: Service, name: echo-v1, namespace: mesh, sectionName: http}
                - {group: serving.example.dev, kind: Service, name: echo}
                """
                    + TO_V1));

    RouteStatus status = compiled.statuses().getFirst();
    assertThat(status).hasToString("HTTPRoute mesh/r");
    assertThat(status.parents())
        .extracting(parent -> parent.parent().name() + " " + parent.accepted())
        .containsExactly(
            "echo Condition[holds=false, reason=NoMatchingParent, message=spec.parentRefs[2].group"
                + " is left out, which means gateway.networking.k8s.io, expected \"\" for a"
                + " Service; the route is not in force there until that is mended]",
            "echo-v2 Condition[holds=true, reason=Accepted, message=in force at Service"
                + " mesh/echo-v2, port 80; spec.parentRefs[1].group is \"core\", taken for \"\","
                + " which is the name of that group]",
            "echo-v1 Condition[holds=true, reason=Accepted, message=in force at Service"
                + " mesh/echo-v1, port 80]");
    assertThat(status.parents())
        .allSatisfy(parent ->
            assertThat(parent.resolvedRefs())
                .isEqualTo(new RouteStatus.Condition(true, "ResolvedRefs", "all backends exist")));
  }

  @ParameterizedTest
  @CsvSource({
    "GRPCRoute, HTTPRoute",
    "HTTPRoute, TLSRoute",
    "TLSRoute, TCPRoute",
    "GRPCRoute, TCPRoute"
  })
  void ofSeveralKindsAtOnePortTheMoreParticularIsInForce(String winner, String loser) {
    Compiled compiled =
        compile(
            route(loser, "a", parent("name: echo, port: 80") + TO_V1),
            route(
                winner,
                "b",
                parent("name: echo, port: 80")
                    + "rules: [{backendRefs: [{name: echo-v2, port: 80}]}]\n"));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo(loser + " mesh/a");
          assertThat(problem.reason().text()).isEqualTo("Conflicted");
        });
    assertThat(compiled.statuses())
        .extracting(status -> status.parents().getFirst().accepted().reason())
        .containsExactly("Conflicted", "Accepted");
    String drawn =
        winner.equals("TLSRoute")
            ? text(table(compiled, "80").tls("any").backends())
            : outcome(compiled, "80", "POST /a/b");
    assertThat(drawn).isEqualTo("echo-v2:80");
  }

  @Test
  void kindsAreInConflictWithinOneSetOnly() {
    Compiled compiled =
        compile(
            route(
                "GRPCRoute",
                "g",
                parent("name: echo, port: 80")
                    + "rules: [{backendRefs: [{name: echo-v2, port: 80}]}]\n"),
            consumer(
                route(
                    "HTTPRoute",
                    "h",
                    parent("name: echo, namespace: mesh, port: 80")
                        + "rules: [{backendRefs: [{name: echo-v1, namespace: mesh, port:"
                        + " 80}]}]\n")));

    assertThat(compiled.problems()).isEmpty();
    assertThat(outcome(compiled, "80", "POST /a/b")).isEqualTo("echo-v2:80");
    assertThat(outcome(compiled, "80 consumer", "POST /a/b")).isEqualTo("echo-v1:80");
    assertThat(compiled.statuses().getFirst().parents().getFirst().accepted().message())
        .isEqualTo("in force at Service mesh/echo, port 80, for clients in namespace consumer");
  }

  @Test
  void aRouteThatLosesOnePortOnlyIsInForceAtTheOthers() {
    Compiled compiled =
        compile(
            route("HTTPRoute", "h", parent("name: echo") + TO_V1),
            route("GRPCRoute", "g", parent("name: echo, port: 7070") + TO_V1));

    RouteStatus.Condition accepted = compiled.statuses().getLast().parents().getFirst().accepted();
    assertThat(accepted.holds()).isTrue();
    assertThat(accepted.message())
        .isEqualTo(
            "in force at Service mesh/echo, ports 80, 443, 8080, 9090; spec.parentRefs[0] is a"
                + " Service whose port 7070 GRPCRoute mesh/g routes, which is of a kind that goes"
                + " first; the route is not in force at that port until one of them goes");
    assertThat(compiled.problems()).extracting(Problem::object).containsExactly("HTTPRoute mesh/h");
  }

  @Test
  void ofTwoTcpRoutesTheFirstIsInForce() {
    Compiled compiled =
        compile(
            route("TCPRoute", "b", parent("name: echo, port: 9090") + TO_V1),
            route(
                "TCPRoute",
                "a",
                parent("name: echo, port: 9090")
                    + "rules: [{backendRefs: [{name: echo-v2, port: 9090}]}]\n"));

    assertThat(table(compiled, "9090").isOpaque()).isTrue();
    assertThat(text(table(compiled, "9090").connection().backends())).isEqualTo("echo-v2:9090");
    assertThat(compiled.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "TCPRoute mesh/b: spec.parentRefs[0] is a Service whose port 9090 TCPRoute mesh/a"
                + " routes already; the route is not in force at that port until one of them"
                + " goes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a.example.com   | echo-v1:443
          A.EXAMPLE.com   | echo-v1:443
          b.example.com   | echo-v2:443
          x.b.example.com | echo-v2:443
          example.com     |
          other.org       |
          ''              |
          """)
  void tlsIsRoutedByItsServerName(String serverName, String expected) {
    Compiled compiled =
        compile(
            route(
                "TLSRoute",
                "wild",
                parent("name: echo, port: 443")
                    + """
                    hostnames: ["*.example.com"]
                    rules: [{backendRefs: [{name: echo-v2, port: 443}]}]
                    """),
            route(
                "TLSRoute",
                "z-exact",
                parent("name: echo, port: 443")
                    + """
                    hostnames: [a.example.com]
                    rules: [{backendRefs: [{name: echo-v1, port: 443}]}]
                    """));

    RouteRule rule = table(compiled, "443").tls(serverName);
    assertThat(rule == null ? null : text(rule.backends())).isEqualTo(expected);
    assertThat(table(compiled, "443").asksServerName()).isTrue();
    assertThat(text(table(compiled, "443").connection().backends())).isEqualTo("echo:443");
  }

  @Test
  void aShiftYieldsToARouteOfItsNamespaceAtThatPortAlone() {
    Compiled compiled = compile(http("- backendRefs: [{name: echo-v1, port: 80}]"), SHIFT);

    assertThat(outcome(compiled, "80", "GET /")).isEqualTo("echo-v1:80");
    assertThat(outcome(compiled, "8080", "GET /")).isEqualTo("echo-v2:8080");
    assertThat(compiled.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "TrafficShift mesh/s: spec.service is \"echo\", whose port 80 HTTPRoute mesh/r routes,"
                + " and a route goes before a shift; nothing is shifted at that port until one of"
                + " them goes");
  }

  @Test
  void aConsumersRouteLeavesTheShiftToEverybodyElse() {
    Compiled compiled =
        compile(
            consumer(
                route(
                    "HTTPRoute",
                    "h",
                    parent("name: echo, namespace: mesh")
                        + "rules: [{matches: [{path: {value: /a}}]}]\n")),
            SHIFT);

    assertThat(compiled.problems()).isEmpty();
    assertThat(outcome(compiled, "80", "GET /a")).isEqualTo("echo-v2:80");
    assertThat(outcome(compiled, "80 consumer", "GET /a")).isEqualTo("echo:80");
    assertThat(outcome(compiled, "80 consumer", "GET /")).isEqualTo("404");
  }

  @Test
  void httpIsExpectedWhereARouteOfTheClientsSetNamesThePort() {
    Compiled compiled =
        compile(
            route("HTTPRoute", "all", parent("name: echo") + TO_V1),
            route("HTTPRoute", "one", parent("name: echo, sectionName: http") + TO_V1),
            consumer(
                route(
                    "HTTPRoute", "c", parent("name: echo, namespace: mesh, port: 9090") + TO_V1)));

    assertThat(table(compiled, "80").expectsHttp()).isTrue();
    assertThat(table(compiled, "9090").expectsHttp()).isFalse();
    assertThat(table(compiled, "9090 consumer").expectsHttp()).isTrue();
  }

  @Test
  void aPolicyHoldsWhereTheRouteIsSilent() {
    Compiled compiled =
        compile(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficPolicy
            metadata: {name: p, namespace: mesh}
            spec:
              targetRef: {name: echo}
              timeouts: {request: 10s, perTry: 3s}
              retries: {attempts: 5, statusCodes: [502], backoff: {base: 1ms, max: 8ms}}
            """,
            http(
                """
                - matches: [{path: {value: /silent}}]
                - matches: [{path: {value: /timeout}}]
                  timeouts: {request: 1s}
                - matches: [{path: {value: /retry}}]
                  timeouts: {request: 0s, backendRequest: 250ms}
                  retry: {codes: [500, 503], attempts: 2, backoff: 100ms}
                - matches: [{path: {value: /connect}}]
                  retry: {}
                """));

    RetryPolicy policy =
        new RetryPolicy(
            5,
            Set.of(502),
            false,
            new RetryPolicy.Backoff(Duration.ofMillis(1), Duration.ofMillis(8)),
            RetryPolicy.Budget.DEFAULT);
    assertThat(compiled.problems()).isEmpty();
    assertThat(rule(compiled, "/silent").timeouts())
        .isEqualTo(new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(3)));
    assertThat(rule(compiled, "/silent").retries()).isEqualTo(policy);
    assertThat(rule(compiled, "/timeout").timeouts())
        .isEqualTo(new Timeouts(Duration.ofSeconds(1), Duration.ofSeconds(3)));
    assertThat(rule(compiled, "/retry").timeouts())
        .isEqualTo(new Timeouts(Duration.ZERO, Duration.ofMillis(250)));
    assertThat(rule(compiled, "/retry").retries())
        .isEqualTo(
            new RetryPolicy(
                2,
                Set.of(500, 503),
                false,
                new RetryPolicy.Backoff(Duration.ofMillis(200), Duration.ofMillis(200)),
                RetryPolicy.Budget.DEFAULT));
    assertThat(rule(compiled, "/connect").retries().attempts()).isEqualTo(5);
    assertThat(rule(compiled, "/connect").retries().statusCodes()).isEmpty();
  }

  @Test
  void aBrokenPolicyClosesTheDoorOfItsServicesRoutesToo() {
    Compiled compiled =
        compile(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficPolicy
            metadata: {name: p, namespace: mesh}
            spec: {targetRef: {name: echo}, timeouts: {request: soon}}
            """,
            http("- backendRefs: [{name: echo-v1, port: 80}]"));

    assertThat(outcome(compiled, "80", "GET /")).isEqualTo("500");
  }

  @Test
  void drawsGoOnWhenAnotherRouteComes() {
    String weighted = http("- backendRefs: [{name: echo-v1, port: 80}, {name: echo-v2, port: 80}]");
    Compiled before = compile(weighted);
    WeightedDraw draw = table(before, "80").byPrecedence().getFirst().rule().backends();

    Compiled after =
        compile(
                weighted,
                http("- matches: [{path: {value: /new}}]").replace("name: r,", "name: s,"))
            .keeping(before);

    assertThat(outcome(after, "80", "GET /new")).isEqualTo("echo:80");
    assertThat(table(after, "80").byPrecedence().getLast().rule().backends()).isSameAs(draw);
    assertThat(compile(weighted).keeping(before).routes()).isEqualTo(before.routes());
  }

  @ParameterizedTest
  @CsvSource({
    "HTTPRoute, v1beta1",
    "GRPCRoute, v1alpha2",
    "TLSRoute, v1alpha3",
    "TCPRoute, v1",
    "TCPRoute, v1alpha2"
  })
  void otherVersionsOfAKindMeanTheSame(String kind, String version) {
    String manifest =
        route(kind, "r", parent("name: echo, port: 80") + TO_V1)
            .replaceFirst("k8s.io/\\S+", "k8s.io/" + version);

    Compiled compiled = compile(manifest);

    assertThat(compiled.problems()).isEmpty();
    assertThat(compiled.statuses()).extracting(RouteStatus::kind).containsExactly(kind);
  }

  private static RouteRule rule(Compiled compiled, String path) {
    return table(compiled, "80").byPrecedence().stream()
        .filter(entry -> entry.match().path().orElseThrow().matches(path))
        .findFirst()
        .orElseThrow()
        .rule();
  }

  private static String consumer(String route) {
    return route.replace("namespace: mesh}\nspec", "namespace: consumer}\nspec");
  }
}
