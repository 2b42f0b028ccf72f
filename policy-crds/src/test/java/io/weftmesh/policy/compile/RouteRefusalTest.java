package io.weftmesh.policy.compile;

import static io.weftmesh.policy.compile.RouteFixture.compile;
import static io.weftmesh.policy.compile.RouteFixture.http;
import static io.weftmesh.policy.compile.RouteFixture.outcome;
import static io.weftmesh.policy.compile.RouteFixture.parent;
import static io.weftmesh.policy.compile.RouteFixture.route;
import static io.weftmesh.policy.compile.RouteFixture.table;
import static io.weftmesh.policy.compile.RouteFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can't be honoured: said in words, and a closed door for the rule it stands in alone. */
class RouteRefusalTest {
  private static final String SOUND =
      """
      - matches: [{path: {value: /sound}}]
        backendRefs: [{name: echo-v2, port: 80}]
      """;

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          filters: [{type: ExtensionRef, extensionRef: {group: x, kind: Y, name: z}}]        | UnsupportedValue | filters[0].type is "ExtensionRef", expected RequestHeaderModifier
          filters: [{type: ExternalAuth, externalAuth: {protocol: HTTP}}]                    | UnsupportedValue | filters[0].type is "ExternalAuth"
          filters: [{type: Teleport}]                                                        | UnsupportedValue | filters[0].type is "Teleport"
          filters: [{requestRedirect: {port: 80}}]                                           | UnsupportedValue | filters[0].type is missing
          filters: [null]                                                                    | UnsupportedValue | filters[0] is missing
          filters: [{type: RequestRedirect}]                                                 | UnsupportedValue | filters[0].requestRedirect is missing
          filters: [{type: RequestRedirect, requestRedirect: {statusCode: 200}}]             | UnsupportedValue | filters[0].requestRedirect.statusCode is 200, expected one of 301, 302, 303, 307, 308
          filters: [{type: RequestRedirect, requestRedirect: {scheme: ftp}}]                 | UnsupportedValue | filters[0].requestRedirect.scheme is "ftp", expected http or https
          filters: [{type: RequestRedirect, requestRedirect: {port: 0}}]                     | UnsupportedValue | filters[0].requestRedirect.port is 0
          filters: [{type: RequestRedirect, requestRedirect: {hostname: "a:80"}}]            | UnsupportedValue | filters[0].requestRedirect.hostname is "a:80"
          filters: [{type: RequestRedirect, requestRedirect: {path: {type: X}}}]             | UnsupportedValue | filters[0].requestRedirect.path.type is "X", expected ReplaceFullPath or ReplacePrefixMatch
          filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: "/a\\r\\nX: y"}}}] | UnsupportedValue | filters[0].requestRedirect.path.replaceFullPath is not a path
          filters: [{type: RequestRedirect, requestRedirect: {then: dance}}]                 | UnsupportedValue | filters[0].requestRedirect.then is no field that Weft knows
          filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {hostname: a}}] | IncompatibleFilters | filters have both RequestRedirect and URLRewrite
          filters: [{type: URLRewrite, urlRewrite: {hostname: a}}, {type: URLRewrite, urlRewrite: {hostname: b}}] | IncompatibleFilters | filters[1] is the second of type URLRewrite
          {filters: [{type: RequestRedirect, requestRedirect: {port: 1}}], backendRefs: [{name: echo-v1, port: 80}]} | UnsupportedValue | backendRefs stand beside a RequestRedirect filter
          {matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}]} | UnsupportedValue | filters replace the matched prefix
          filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: "a b", value: c}]}}] | UnsupportedValue | filters[0].requestHeaderModifier.set[0].name is "a b"
          filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: a, value: "b\\r\\nc: d"}]}}] | UnsupportedValue | filters[0].requestHeaderModifier.add[0].value is "b\\x0d\\x0ac: d", expected text without control characters
          filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Content-Length, value: "0"}]}}] | UnsupportedValue | filters[0].requestHeaderModifier.set[0].name is "Content-Length", which says how the message is framed
          filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [transfer-encoding]}}] | UnsupportedValue | filters[0].responseHeaderModifier.remove[0] is "transfer-encoding"
          filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Host, value: a}]}}] | UnsupportedValue | filters[0].requestHeaderModifier.set[0].name is "Host", expected a URLRewrite filter
          filters: [{type: RequestMirror, requestMirror: {percent: 5}}]                      | UnsupportedValue | filters[0].requestMirror.backendRef is missing
          filters: [{type: RequestMirror, requestMirror: {backendRef: {name: echo-v1, port: 80}, percent: 101}}] | UnsupportedValue | filters[0].requestMirror.percent is 101, expected 0 to 100
          filters: [{type: RequestMirror, requestMirror: {backendRef: {name: echo-v1, port: 80}, percent: 1, fraction: {numerator: 1}}}] | UnsupportedValue | filters[0].requestMirror has both percent and fraction
          filters: [{type: RequestMirror, requestMirror: {backendRef: {name: echo-v1, port: 80}, fraction: {numerator: 3, denominator: 2}}}] | UnsupportedValue | filters[0].requestMirror.fraction.numerator is 3, expected 0 to 2
          filters: [{type: CORS, cors: {allowOrigins: [example.com]}}]                       | UnsupportedValue | filters[0].cors.allowOrigins[0] is "example.com", expected * or an origin
          filters: [{type: CORS, cors: {allowMethods: ["*", GET]}}]                          | UnsupportedValue | filters[0].cors.allowMethods has * beside other entries
          {matches: [{path: {type: Exact, value: a}}]}                                       | UnsupportedValue | matches[0].path.value is "a", expected a path
          {matches: [{path: {type: Glob, value: /a}}]}                                       | UnsupportedValue | matches[0].path.type is "Glob"
          {matches: [{path: {type: RegularExpression, value: "("}}]}                         | UnsupportedValue | matches[0].path.value is "(", expected a regular expression
          {matches: [{headers: [{name: a, type: RegularExpression, value: "["}]}]}           | UnsupportedValue | matches[0].headers[0].value is "[", expected a regular expression
          {matches: [{headers: [{name: a}]}]}                                                | UnsupportedValue | matches[0].headers[0].value is missing
          {matches: [{queryParams: [{value: a}]}]}                                           | UnsupportedValue | matches[0].queryParams[0].name is missing
          {matches: [{method: get}]}                                                         | UnsupportedValue | matches[0].method is "get", expected one of CONNECT, DELETE, GET
          {matches: [{cookie: a}]}                                                           | UnsupportedValue | matches[0].cookie is no field that Weft knows
          sessionPersistence: {sessionName: a}                                               | UnsupportedValue | sessionPersistence is not supported
          timeouts: {request: 1.5s}                                                          | UnsupportedValue | timeouts.request is "1.5s", expected a duration
          timeouts: {request: 1s, backendRequest: 2s}                                        | UnsupportedValue | timeouts.backendRequest is 2s, expected no more than spec.rules[1].timeouts.request, which is 1s
          timeouts: {idle: 1s}                                                               | UnsupportedValue | timeouts.idle is no field that Weft knows
          retry: {codes: [200]}                                                              | UnsupportedValue | retry.codes[0] is 200, expected 400 to 599
          retry: {attempts: -1}                                                              | UnsupportedValue | retry.attempts is -1
          backendRefs: [{name: echo-v1, port: 80, weight: 1000001}]                          | UnsupportedValue | backendRefs[0].weight is 1000001, expected 0 to 1000000
          backendRefs: [{name: echo-v1, port: 80, subset: a}]                                | UnsupportedValue | backendRefs[0].subset is no field that Weft knows
          backendRefs: [{name: echo-v1, port: 80, filters: [{type: ExtensionRef}]}]          | UnsupportedValue | backendRefs[0].filters[0].type is "ExtensionRef"
          circuitBreaker: {}                                                                 | UnsupportedValue | circuitBreaker is no field that Weft knows
          """)
  void whatCannotBeHonouredClosesItsRule(String rule, String reason, String message) {
    Compiled compiled = compile(http(SOUND + "- " + rule));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.reason().condition()).isEqualTo("Accepted");
          assertThat(problem.reason().text()).isEqualTo(reason);
          assertThat(problem.message()).startsWith("spec.rules[1]." + message).contains("500");
        });
    assertThat(outcome(compiled, "80", "GET /a a:b")).startsWith("unsupported ");
    assertThat(outcome(compiled, "80", "GET /sound")).isEqualTo("echo-v2:80");
    assertThat(compiled.statuses().getFirst().parents().getFirst().accepted())
        .satisfies(accepted -> {
          assertThat(accepted.holds()).isFalse();
          assertThat(accepted.reason()).isEqualTo(reason);
          assertThat(accepted.message()).isEqualTo(compiled.problems().getFirst().message());
        });
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {name: gone, port: 80}                            | BackendNotFound    | name names Service mesh/gone, which does not exist
          {name: echo-v1}                                   | BackendNotFound    | port is missing, expected a port of Service mesh/echo-v1
          {name: echo-v1, port: 81}                         | BackendNotFound    | port is 81, expected a TCP port of Service mesh/echo-v1, which has 80, 443
          {port: 80}                                        | BackendNotFound    | name is missing
          {name: headless, port: 80}                        | UnsupportedBackend | name names Service mesh/headless, which is headless
          {name: external, port: 80}                        | UnsupportedBackend | name names Service mesh/external, which is an ExternalName
          {group: x.io, kind: Bucket, name: echo-v1}        | InvalidKind        | kind is Bucket of group "x.io", expected Service of group ""
          {group: x.io, name: echo-v1, port: 80}            | InvalidKind        | kind is Service of group "x.io"
          """)
  void theShareOfABackendThatCannotBeResolvedIsNobodyElses(
      String ref, String reason, String message) {
    Compiled compiled =
        compile(http("- backendRefs: [{name: echo-v1, port: 80, weight: 3}, " + ref + "]"));

    assertThat(outcome(compiled, "80", "GET /")).isEqualTo("echo-v1:80*3 500*1");
    RouteStatus.ParentStatus status = compiled.statuses().getFirst().parents().getFirst();
    assertThat(status.accepted().holds()).isTrue();
    assertThat(status.resolvedRefs().holds()).isFalse();
    assertThat(status.resolvedRefs().reason()).isEqualTo(reason);
    assertThat(status.resolvedRefs().message())
        .startsWith("spec.rules[0].backendRefs[1]." + message)
        .contains("500");
    assertThat(compiled.problems())
        .extracting(Problem::message)
        .containsExactly(status.resolvedRefs().message());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          hostnames: ["a.example.com:80"] | spec.hostnames[0] is "a.example.com:80", expected a name
          hostnames: [10.0.0.1]           | spec.hostnames[0] is "10.0.0.1", expected a name
          hostnames: ["*"]                | spec.hostnames[0] is "*", expected a name
          hostnames: [""]                 | spec.hostnames[0] is missing
          gates: open                     | spec.gates is no field that Weft knows
          """)
  void whatCannotBeHonouredOfTheWholeRouteClosesAllItsRules(String field, String message) {
    Compiled compiled =
        compile(
            route("HTTPRoute", "r", parent("name: echo, port: 80") + field + "\nrules:\n" + SOUND));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("500"));
    assertThat(outcome(compiled, "80", "GET /sound")).startsWith("unsupported ");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {method: {}}                                                    | matches[0].method has neither service nor method
          {method: {service: a/b}}                                        | matches[0].method is "a/b" and ""
          {method: {type: Prefix, service: a}}                            | matches[0].method.type is "Prefix"
          {method: {type: RegularExpression, service: "("}}               | matches[0].method.service is "("
          {method: {type: RegularExpression, service: a, method: "["}}    | matches[0].method.method is "["
          {headers: [{name: a, type: Present, value: b}]}                 | matches[0].headers[0].type is "Present"
          {path: {value: /a}}                                             | matches[0].path is no field that Weft knows
          """)
  void ofGrpcCallsTheSameHolds(String match, String message) {
    Compiled compiled =
        compile(
            route(
                "GRPCRoute",
                "g",
                parent("name: echo, port: 7070") + "rules: [{matches: [" + match + "]}]\n"));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith("spec.rules[0]." + message));
    assertThat(outcome(compiled, "7070", "POST /a/b a:b")).startsWith("unsupported ");
  }

  @Test
  void aConnectionRouteThatMakesNoSenseLeadsNowhere() {
    Compiled compiled =
        compile(
            route(
                "TCPRoute",
                "t",
                parent("name: echo, port: 9090")
                    + """
                    rules:
                    - backendRefs: [{name: echo-v1, port: 9090}]
                    - backendRefs: [{name: echo-v2, port: 9090}]
                    """),
            route(
                "TLSRoute",
                "s",
                parent("name: echo, port: 443")
                    + """
                    hostnames: [a.example.com]
                    rules: [{backendRefs: [{name: echo-v1, port: 443}], alpn: h2}]
                    """));

    assertThat(text(table(compiled, "9090").connection().backends())).isEqualTo("500");
    assertThat(text(table(compiled, "443").tls("a.example.com").backends())).isEqualTo("500");
    assertThat(compiled.problems())
        .extracting(Problem::field)
        .containsExactly("spec.rules[0].alpn", "spec.rules");
  }

  @Test
  void aRouteWithoutASpecIsReported() {
    Compiled compiled =
        compile("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n");

    assertThat(compiled.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "HTTPRoute default/r: spec is missing; this object does nothing until that is mended");
    assertThat(compiled.statuses().getFirst().parents()).isEmpty();
  }
}
