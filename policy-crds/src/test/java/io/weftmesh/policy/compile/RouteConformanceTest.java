package io.weftmesh.policy.compile;

import static io.weftmesh.policy.compile.RouteFixture.compile;
import static io.weftmesh.policy.compile.RouteFixture.http;
import static io.weftmesh.policy.compile.RouteFixture.outcome;
import static io.weftmesh.policy.compile.RouteFixture.parent;
import static io.weftmesh.policy.compile.RouteFixture.route;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gateway API's mesh profile, row by row: what the routes of each conformance test decide about the
 * requests that it sends, with what it does not look at (Location, the rewritten path) as well.
 */
class RouteConformanceTest {

  /**
   * One row.
   *
   * @param table a line for each request: where it goes and who sends it, the request, the outcome
   */
  record Row(String name, List<String> routes, String table) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Row> rows() {
    return Stream.of(
        row(
            "2 exact paths",
            http(
                """
                - matches: [{path: {type: Exact, value: /v1}}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{path: {type: Exact, value: /v2}}]
                  backendRefs: [{name: echo-v2, port: 80}]
                """),
            """
            80 | GET /v1  | echo-v1:80
            80 | GET /v2  | echo-v2:80
            80 | GET /v1/ | 404
            80 | GET /    | 404
            """),
        row(
            "3 a backend at another port",
            http("- backendRefs: [{name: echo-v1, port: 8080}]"),
            """
            80 | GET / | echo-v1:8080
            """),
        row(
            "4 prefixes and headers",
            http(
                """
                - matches:
                  - path: {type: PathPrefix, value: /}
                  - headers: [{name: Version, value: one}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches:
                  - path: {type: PathPrefix, value: /v2}
                  - headers: [{name: version, value: two}]
                  backendRefs: [{name: echo-v2, port: 80}]
                """),
            """
            80 | GET /                    | echo-v1:80
            80 | GET /example             | echo-v1:80
            80 | GET / version:one        | echo-v1:80
            80 | GET /v2                  | echo-v2:80
            80 | GET /v2/                 | echo-v2:80
            80 | GET /v2/example          | echo-v2:80
            80 | GET /v2example           | echo-v1:80
            80 | GET /foo/v2/ex           | echo-v1:80
            80 | GET / version:two        | echo-v2:80
            80 | GET /v2 version:one      | echo-v2:80
            """),
        row(
            "5 weights",
            http(
                """
                - backendRefs:
                  - {name: echo-v1, port: 80, weight: 70}
                  - {name: echo-v2, port: 80, weight: 30}
                """),
            """
            80 | GET / | echo-v1:80*70 echo-v2:80*30
            """),
        row(
            "6 request headers",
            http(
                """
                - matches: [{path: {value: /set}}]
                  filters:
                  - type: RequestHeaderModifier
                    requestHeaderModifier: {set: [{name: X-Header-Set, value: set-overwrites-values}]}
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{path: {value: /multiple}}]
                  filters:
                  - type: RequestHeaderModifier
                    requestHeaderModifier:
                      set: [{name: X-Set-1, value: a}, {name: X-Set-2, value: b}, {name: x-set-1, value: c}]
                      add: [{name: X-Add-1, value: d}]
                      remove: [X-Remove-1, x-remove-2]
                  backendRefs: [{name: echo-v2, port: 80}]
                """),
            """
            80 | GET /set      | request(X-Header-Set=set-overwrites-values;) echo-v1:80
            80 | GET /multiple | request(X-Set-1=a;X-Set-2=b;X-Add-1+d;-X-Remove-1-x-remove-2) echo-v2:80
            """),
        row(
            "7 redirects of the host",
            http(
                """
                - matches: [{path: {value: /hostname-redirect}}]
                  filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org}}]
                - matches: [{path: {value: /host-and-status}}]
                  filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, statusCode: 301}}]
                """),
            """
            80 | GET /hostname-redirect | 302(://example.org) echo:80
            80 | GET /host-and-status   | 301(://example.org) echo:80
            """),
        row(
            "8 query parameters",
            http(
                """
                - matches: [{queryParams: [{name: animal, value: whale}]}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{queryParams: [{name: animal, value: dolphin}]}]
                  backendRefs: [{name: echo-v2, port: 80}]
                - matches: [{queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]}]
                  backendRefs: [{name: echo-v1, port: 8080}]
                - matches:
                  - queryParams: [{name: ANIMAL, value: Whale}]
                  - queryParams: [{name: animal, value: shark}, {name: animal, value: ray}]
                  backendRefs: [{name: echo-v2, port: 8080}]
                - matches: [{path: {value: /path1}, queryParams: [{name: animal, value: whale}]}]
                  backendRefs: [{name: echo-v1, port: 443}]
                - matches: [{headers: [{name: version, value: one}], queryParams: [{name: animal, value: whale}]}]
                  backendRefs: [{name: echo-v2, port: 443}]
                """),
            """
            80 | GET /?animal=whale                       | echo-v1:80
            80 | GET /?animal=dolphin                     | echo-v2:80
            80 | GET /?animal=dolphin&color=blue          | echo-v1:8080
            80 | GET /?ANIMAL=Whale                       | echo-v2:8080
            80 | GET /?animal=shark                       | echo-v2:8080
            80 | GET /?animal=whale&otherparam=irrelevant | echo-v1:80
            80 | GET /path1?animal=whale                  | echo-v1:443
            80 | GET /?animal=whale version:one           | echo-v2:443
            80 | GET /path1?animal=whale version:one      | echo-v1:443
            80 | GET /?animal=human                       | 404
            80 | GET /?animal=                            | 404
            80 | GET /?animal=whal                        | 404
            80 | GET /?Animal=whale                       | 404
            80 | GET /?color=blue                         | 404
            80 | GET /                                    | 404
            """),
        row(
            "9 header changes of one backend",
            http(
                """
                - backendRefs:
                  - name: echo-v1
                    port: 80
                    filters:
                    - type: RequestHeaderModifier
                      requestHeaderModifier: {add: [{name: X-Add, value: a}]}
                """),
            """
            80 | GET / | request(X-Add+a;)>echo-v1:80
            """),
        row(
            "10 redirects of the path",
            http(
                """
                - matches: [{path: {value: /original-prefix}}]
                  filters:
                  - type: RequestRedirect
                    requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}}
                - matches: [{path: {value: /full}}]
                  filters:
                  - type: RequestRedirect
                    requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /full-path-replacement}}
                - matches: [{path: {value: /path-and-host}}]
                  filters:
                  - type: RequestRedirect
                    requestRedirect:
                      hostname: example.org
                      path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}
                - matches: [{path: {value: /path-and-status}}]
                  filters:
                  - type: RequestRedirect
                    requestRedirect:
                      path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}
                      statusCode: 301
                """),
            """
            80 | GET /original-prefix/lemon  | 302(:///replacement-prefix/lemon) echo:80
            80 | GET /full/path/original     | 302(:///full-path-replacement) echo:80
            80 | GET /path-and-host/lemon    | 302(://example.org/replacement-prefix/lemon) echo:80
            80 | GET /path-and-status/lemon  | 301(:///replacement-prefix/lemon) echo:80
            """),
        row(
            "11, 12 redirects of port and scheme",
            http(
                """
                - matches: [{path: {value: /port}}]
                  filters: [{type: RequestRedirect, requestRedirect: {port: 8083}}]
                - matches: [{path: {value: /port-host-status}}]
                  filters: [{type: RequestRedirect, requestRedirect: {port: 8083, hostname: example.org, statusCode: 301}}]
                - matches: [{path: {value: /scheme}}]
                  filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]
                - matches: [{path: {value: /scheme-host-status}}]
                  filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: example.org, statusCode: 301}}]
                """),
            """
            80 | GET /port               | 302(://:8083) echo:80
            80 | GET /port-host-status   | 301(://example.org:8083) echo:80
            80 | GET /scheme             | 302(https://) echo:80
            80 | GET /scheme-host-status | 301(https://example.org) echo:80
            """),
        row(
            "13 rewrites",
            http(
                """
                - matches: [{path: {value: /prefix/one}}]
                  filters:
                  - type: URLRewrite
                    urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /one}}
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{path: {value: /strip-prefix}}]
                  filters:
                  - type: URLRewrite
                    urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{path: {value: /full/rewrite-path-and-modify-headers}}]
                  filters:
                  - type: URLRewrite
                    urlRewrite: {hostname: one.example.org, path: {type: ReplaceFullPath, replaceFullPath: /test}}
                  - type: RequestHeaderModifier
                    requestHeaderModifier: {set: [{name: X-Set, value: s}]}
                  backendRefs: [{name: echo-v1, port: 80}]
                """),
            """
            80 | GET /prefix/one/two      | rewrite(/one/two) echo-v1:80
            80 | GET /strip-prefix/three  | rewrite(/three) echo-v1:80
            80 | GET /strip-prefix        | rewrite(/) echo-v1:80
            80 | GET /full/rewrite-path-and-modify-headers/x | rewrite(one.example.org/test) request(X-Set=s;) echo-v1:80
            """),
        row(
            "14 named rules",
            http(
                """
                - name: first
                  matches: [{path: {value: /named}}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - backendRefs: [{name: echo-v2, port: 80}]
                """),
            """
            80 | GET /named   | echo-v1:80
            80 | GET /unnamed | echo-v2:80
            """),
        row(
            "15 to 17 redirects by status",
            http(
                """
                - matches: [{path: {value: /303}}]
                  filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, statusCode: 303}}]
                - matches: [{path: {value: /307}}]
                  filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, statusCode: 307}}]
                - matches: [{path: {value: /308}}]
                  filters: [{type: RequestRedirect, requestRedirect: {hostname: example.org, statusCode: 308}}]
                """),
            """
            80 | GET /303 | 303(://example.org) echo:80
            80 | GET /307 | 307(://example.org) echo:80
            80 | GET /308 | 308(://example.org) echo:80
            """),
        row(
            "18, 19 the Service's own answers change, whatever Host says",
            route(
                "HTTPRoute",
                "r",
                parent("name: echo-v2")
                    + """
                    rules:
                    - filters:
                      - type: ResponseHeaderModifier
                        responseHeaderModifier: {set: [{name: X-Header-Set, value: set}]}
                    """),
            """
            echo-v2:80 | GET / host:echo-v2 | response(X-Header-Set=set;) echo-v2:80
            echo-v2:80 | GET / host:echo-v1 | response(X-Header-Set=set;) echo-v2:80
            """),
        row(
            "20 parents with and without a port",
            route(
                "HTTPRoute",
                "r",
                """
                parentRefs:
                - {group: "", kind: Service, name: echo-v1, port: 80}
                - {group: "", kind: Service, name: echo-v2}
                rules:
                - filters:
                  - type: ResponseHeaderModifier
                    responseHeaderModifier: {set: [{name: X, value: y}]}
                """),
            """
            echo-v1:80   | GET / | response(X=y;) echo-v1:80
            echo-v2:80   | GET / | response(X=y;) echo-v2:80
            echo-v2:8080 | GET / | response(X=y;) echo-v2:8080
            """),
        row(
            "21 consumer routes",
            List.of(
                http("- backendRefs: [{name: echo-v1, port: 80}]"),
                consumer(
                    http(
                        """
                        - matches: [{path: {value: /c}}]
                          backendRefs: [{name: echo-v2, namespace: mesh, port: 80}]
                        """))),
            """
            80          | GET /  | echo-v1:80
            80 other    | GET /c | echo-v1:80
            80 consumer | GET /c | echo-v2:80
            80 consumer | GET /  | 404
            """),
        row(
            "22 gRPC weights",
            grpc(
                """
                - backendRefs:
                  - {name: echo-v1, port: 7070, weight: 70}
                  - {name: echo-v2, port: 7070, weight: 30}
                  - {name: does-not-exist, port: 7070, weight: 0}
                """),
            """
            7070 | POST /echo.Echo/Echo | echo-v1:7070*70 echo-v2:7070*30 500*0
            """),
        row(
            "23 gRPC header changes, chosen by headers",
            List.of(
                grpc(
                    """
                    - matches:
                      - method: {service: echo.GrpcEcho, method: Echo}
                        headers: [{name: version, value: two}]
                      filters:
                      - type: RequestHeaderModifier
                        requestHeaderModifier: {set: [{name: X-Set, value: s}]}
                      backendRefs: [{name: echo-v2, port: 7070}]
                    - matches: [{method: {service: echo.GrpcEcho, method: Echo}}]
                      backendRefs: [{name: echo-v1, port: 7070}]
                    """),
                consumer(grpc("- backendRefs: [{name: echo-v1, namespace: mesh, port: 7070}]"))),
            """
            7070          | POST /echo.GrpcEcho/Echo version:two | request(X-Set=s;) echo-v2:7070
            7070          | POST /echo.GrpcEcho/Echo             | echo-v1:7070
            7070          | POST /echo.GrpcEcho/EchoTwo          | 404
            7070 consumer | POST /echo.GrpcEcho/Echo version:two | echo-v1:7070
            """),
        row(
            "an unresolvable backend has its share of errors",
            http(
                """
                - backendRefs:
                  - {name: echo-v1, port: 80, weight: 9}
                  - {name: gone, port: 80}
                """),
            """
            80 | GET / | echo-v1:80*9 500*1
            """),
        row(
            "a parent by the name of its port",
            route(
                "HTTPRoute",
                "r",
                parent("name: echo, sectionName: http-alt")
                    + "rules: [{backendRefs: [{name: echo-v1, port: 80}]}]\n"),
            """
            8080 | GET / | echo-v1:80
            """),
        row(
            "references into other namespaces need no grant",
            http("- backendRefs: [{name: far, namespace: other, port: 80}]"),
            """
            80 | GET / | other/far:80
            """),
        row(
            "an unresolvable mirror leaves the primary untouched",
            http(
                """
                - filters:
                  - {type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 80}}}
                  - {type: RequestMirror, requestMirror: {backendRef: {name: echo-v2, port: 80}, percent: 20}}
                  - type: RequestMirror
                    requestMirror: {backendRef: {name: echo-v2, port: 8080}, fraction: {numerator: 1, denominator: 3}}
                  backendRefs: [{name: echo-v1, port: 80}]
                """),
            """
            80 | GET / | mirror(500 100/100) mirror(echo-v2:80 20/100) mirror(echo-v2:8080 1/3) echo-v1:80
            """),
        row(
            "several routes on one Service merge by precedence, then age, then name",
            List.of(
                created(
                    named(
                        "z-old",
                        """
                        - matches: [{path: {value: /a}}]
                          backendRefs: [{name: echo-v1, port: 80}]
                        """),
                    2024),
                created(
                    named(
                        "a-new",
                        """
                        - matches: [{path: {value: /a}}, {path: {value: /a/b}}, {path: {value: /c}}]
                          backendRefs: [{name: echo-v2, port: 80}]
                        """),
                    2026),
                created(
                    named(
                        "b-new",
                        """
                        - matches: [{path: {value: /c}}, {path: {value: /d}}]
                          backendRefs: [{name: far, namespace: other, port: 80}]
                        """),
                    2026)),
            """
            80 | GET /a   | echo-v1:80
            80 | GET /a/b | echo-v2:80
            80 | GET /c   | echo-v2:80
            80 | GET /d   | other/far:80
            """),
        row(
            "methods",
            http(
                """
                - matches: [{path: {value: /p}, method: POST}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{method: PATCH, headers: [{name: version, value: four}]}]
                  backendRefs: [{name: echo-v1, port: 8080}]
                - matches: [{method: PATCH}]
                  backendRefs: [{name: echo-v2, port: 80}]
                - matches: [{headers: [{name: version, value: four}, {name: color, value: blue}]}]
                  backendRefs: [{name: echo-v2, port: 8080}]
                """),
            """
            80 | POST /p                           | echo-v1:80
            80 | GET /p                            | 404
            80 | PATCH /                           | echo-v2:80
            80 | PATCH / version:four              | echo-v1:8080
            80 | PATCH / version:four color:blue   | echo-v1:8080
            80 | GET / version:four color:blue     | echo-v2:8080
            """),
        row(
            "regular expressions are of the whole value",
            http(
                """
                - matches: [{path: {type: RegularExpression, value: "/v[0-9]+/.*"}}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{headers: [{name: version, type: RegularExpression, value: "one|two"}]}]
                  backendRefs: [{name: echo-v2, port: 80}]
                - matches: [{queryParams: [{name: q, type: RegularExpression, value: "a+"}]}]
                  backendRefs: [{name: echo-v2, port: 8080}]
                """),
            """
            80 | GET /v12/x            | echo-v1:80
            80 | GET /x/v12/x          | 404
            80 | GET / version:two     | echo-v2:80
            80 | GET / version:twofold | 404
            80 | GET /?q=aaa           | echo-v2:8080
            80 | GET /?q=aab           | 404
            """),
        row(
            "hostnames",
            List.of(
                route(
                    "HTTPRoute",
                    "hosts",
                    parent("name: echo, port: 80")
                        + """
                        hostnames: [api.example.com, "*.example.org"]
                        rules: [{backendRefs: [{name: echo-v1, port: 80}]}]
                        """),
                named("any", "- backendRefs: [{name: echo-v2, port: 80}]")),
            """
            80 | GET / host:api.example.com     | echo-v1:80
            80 | GET / host:API.example.com:80  | echo-v1:80
            80 | GET / host:www.example.org     | echo-v1:80
            80 | GET / host:example.org         | echo-v2:80
            80 | GET / host:echo                | echo-v2:80
            """),
        row(
            "left-out backends are the parent's own endpoints, at the port that was called",
            route(
                "HTTPRoute",
                "r",
                parent("name: echo") + "rules: [{matches: [{path: {value: /a}}]}]\n"),
            """
            80   | GET /a | echo:80
            8080 | GET /a | echo:8080
            80   | GET /b | 404
            """),
        row(
            "left-out rules route everything",
            route("HTTPRoute", "r", parent("name: echo, port: 80")),
            """
            80 | GET /any | echo:80
            """),
        row(
            "all weights 0 lead nowhere",
            http(
                "- backendRefs: [{name: echo-v1, port: 80, weight: 0}, {name: echo-v2, port: 80,"
                    + " weight: 0}]"),
            """
            80 | GET / | echo-v1:80*0 echo-v2:80*0
            """),
        row(
            "gRPC calls: the longest service, then the longest method, then headers",
            grpc(
                """
                - matches: [{}]
                  backendRefs: [{name: echo-v1, port: 80}]
                - matches: [{method: {method: Echo}}]
                  backendRefs: [{name: echo-v1, port: 443}]
                - matches: [{method: {service: a.B}}]
                  backendRefs: [{name: echo-v1, port: 7070}]
                - matches: [{method: {service: a.B, method: Echo}}]
                  backendRefs: [{name: echo-v1, port: 8080}]
                - matches: [{headers: [{name: version, value: one}]}]
                  backendRefs: [{name: echo-v1, port: 9090}]
                - matches: [{method: {type: RegularExpression, service: "c[.].*", method: "E.*"}}]
                  backendRefs: [{name: echo-v2, port: 80}]
                - matches: [{method: {type: RegularExpression, service: "c[.].*"}}]
                  backendRefs: [{name: echo-v2, port: 443}]
                """),
            """
            7070 | POST /x.Y/Other             | echo-v1:80
            7070 | POST /x.Y/Echo              | echo-v1:443
            7070 | POST /a.B/Other             | echo-v1:7070
            7070 | POST /a.Bc/Other            | echo-v1:80
            7070 | POST /a.B/Echo              | echo-v1:8080
            7070 | POST /x.Y/Echo version:one  | echo-v1:443
            7070 | POST /x.Y/Other version:one | echo-v1:9090
            7070 | POST /c.D/Echo              | echo-v2:80
            7070 | POST /c.D/Other             | echo-v2:443
            """),
        row(
            "CORS",
            http(
                """
                - filters: [{type: CORS, cors: {allowOrigins: ["https://*.example.com:8443"], allowMethods: ["*"]}}]
                  backendRefs: [{name: echo-v1, port: 80}]
                """),
            """
            80 | GET / | cors[https://*.example.com:8443] echo-v1:80
            """));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void decidesAsTheSpecificationSays(Row row) {
    Compiled compiled = compile(row.routes().toArray(String[]::new));

    for (String line : row.table().lines().toList()) {
      String[] cells = line.split("\\|", -1);
      assertThat(outcome(compiled, cells[0].strip(), cells[1].strip()))
          .as("%s; %s", line, compiled.problems())
          .isEqualTo(cells[2].strip());
    }
  }

  private static Row row(String name, String route, String table) {
    return row(name, List.of(route), table);
  }

  private static Row row(String name, List<String> routes, String table) {
    return new Row(name, routes, table);
  }

  private static String named(String name, String rules) {
    return http(rules).replace("name: r,", "name: " + name + ",");
  }

  private static String grpc(String rules) {
    return route("GRPCRoute", "g", parent("name: echo, port: 7070") + "rules:\n" + rules);
  }

  /** The same route, in the namespace of a client. */
  private static String consumer(String route) {
    return route
        .replace("namespace: mesh}\nspec", "namespace: consumer}\nspec")
        .replace("name: echo, port", "name: echo, namespace: mesh, port");
  }

  private static String created(String route, int year) {
    return route.replace(
        "namespace: mesh}\nspec",
        "namespace: mesh, creationTimestamp: \"" + year + "-01-01T00:00:00Z\"}\nspec");
  }
}
