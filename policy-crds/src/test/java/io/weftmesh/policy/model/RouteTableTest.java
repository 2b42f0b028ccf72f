package io.weftmesh.policy.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          /v2,  /v2,        true
          /v2,  /v2/,       true
          /v2,  /v2/x,      true
          /v2/, /v2,        true
          /v2,  /v2example, false
          /v2,  /v,         false
          /,    /,          true
          /,    /anything,  true
          """)
  void prefixesMatchWholeSegments(String prefix, String path, boolean expected) {
    assertThat(new PathMatch.Prefix(prefix).matches(path)).isEqualTo(expected);
  }

  @Test
  void anExactPathMatchesNothingElse() {
    PathMatch exact = new PathMatch.Exact("/v1");
    assertThat(exact.matches("/v1")).isTrue();
    assertThat(exact.matches("/v1/")).isFalse();
  }

  /** The fixture of Gateway API's header matching: a bare prefix, and headers that beat it. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          /,          ,    v1
          /example,   ,    v1
          /,          one, v1
          /v2,        ,    v2
          /v2/,       ,    v2
          /v2example, ,    v1
          /foo,       two, v2
          /v2,        two, v2
          /v2/a,      one, v2
          """)
  void choosesTheMostParticularMatchOverAllRules(
      String path, @Nullable String version, String expected) {
    RouteTable table =
        table(
            rule("v1", match("/", null), match(null, "one")),
            rule("v2", match("/v2", null), match(null, "two")));
    Request request = new Request("GET", path, "");
    if (version != null) {
      request.headers.put("version", version);
    }

    assertThat(table.match(request))
        .extracting(entry -> entry.rule().origin().name())
        .isEqualTo(expected);
  }

  @Test
  void ranksExactOverPrefixOverMethodOverHeadersOverQuery() {
    RouteMatch query = query("a", "1");
    RouteMatch twoQueries =
        new RouteMatch(
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(new QueryMatch("a", "1"), new QueryMatch("b", "2")));
    RouteMatch header = match(null, "one");
    RouteMatch method = new RouteMatch(Optional.empty(), Optional.of("GET"), List.of(), List.of());
    RouteMatch prefix = match("/x", null);
    RouteMatch exact =
        new RouteMatch(
            Optional.of(new PathMatch.Exact("/x/y")), Optional.empty(), List.of(), List.of());
    List<RouteMatch> ascending =
        List.of(RouteMatch.ANY, query, twoQueries, header, method, prefix, exact);
    List<RouteRule> rules = new ArrayList<>();
    for (int i = 0; i < ascending.size(); i++) {
      rules.add(rule(String.valueOf(i), ascending.get(i)));
    }
    RouteTable table = new RouteTable(rules, rules.getFirst());

    assertThat(table.byPrecedence())
        .extracting(RouteTable.Entry::match)
        .containsExactlyElementsOf(ascending.reversed());
  }

  @Test
  void anExpressionRanksAsAPrefixOfItsLength() {
    RouteTable table =
        table(
            rule("shorter", path(new PathMatch.Prefix("/api/v"))),
            rule("expression", path(new PathMatch.Regex("/api/v.*"))),
            rule("longer", path(new PathMatch.Prefix("/api/v1/x"))));

    assertThat(table.byPrecedence())
        .extracting(entry -> entry.rule().origin().name())
        .containsExactly("longer", "expression", "shorter");
  }

  @Test
  void drawsGoOnWhereARuleSendsToTheSameBackends() {
    RouteRule kept = rule("kept", match("/a", null));
    RouteSets before =
        new RouteSets(
            table(kept, rule("gone", match("/b", null))), Map.of("team", table(rule("c"))));
    RouteTable now = table(rule("kept", match("/a/b", null)), rule("new", match("/c", null)));
    RouteSets after = new RouteSets(now, Map.of("team", table(rule("c")))).keeping(before);

    assertThat(after.producer()).isEqualTo(now);
    assertThat(after.producer().byPrecedence().getFirst().rule().backends())
        .isSameAs(kept.backends());
    assertThat(after.of("team")).isSameAs(before.of("team"));
  }

  @Test
  void routesThatSayTheSameAsBeforeAreTheSame() {
    RouteSets before = RouteSets.forAll(table(rule("a"), rule("b")));

    assertThat(RouteSets.forAll(table(rule("a"), rule("b"))).keeping(before)).isSameAs(before);
  }

  @Test
  void amongEqualsTheEarlierRuleWins() {
    RouteTable table = table(rule("older", match("/a", null)), rule("newer", match("/a/", null)));

    assertThat(table.match(new Request("GET", "/a", "")))
        .extracting(entry -> entry.rule().origin().name())
        .isEqualTo("older");
  }

  @Test
  void aRequestThatMeetsNoMatchHasNoRule() {
    RouteTable table = table(rule("v2", match("/v2", null)));

    assertThat(table.match(new Request("GET", "/", ""))).isNull();
    assertThat(table.byPrecedence().getFirst().match().firstUnmet(new Request("GET", "/", "")))
        .hasToString("path under /v2/");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      textBlock =
          """
          a=1,           true
          b=0&a=1,       true
          a=1&a=2,       true
          a=2&a=1,       false
          %61=%31,       true
          a=1%,          false
          a,             false
          aa=1,          false
          ``,            false
          &&a=1&,        true
          """)
  void queryParametersMatchByTheirFirstDecodedValue(String query, boolean expected) {
    assertThat(query("a", "1").matches(new Request("GET", "/", query))).isEqualTo(expected);
  }

  @Test
  void headersMatchInAnyCaseOfTheirName() {
    RouteMatch match =
        new RouteMatch(
            Optional.empty(),
            Optional.empty(),
            List.of(new HeaderMatch("X-Version", "two")),
            List.of());
    Request request = new Request("GET", "/", "");
    request.headers.put("x-version", "two");

    assertThat(match.matches(request)).isTrue();
  }

  private static RouteTable table(RouteRule... rules) {
    return new RouteTable(List.of(rules), rules[0]);
  }

  private static RouteRule rule(String name, RouteMatch... matches) {
    return new RouteRule(
        new RouteOrigin(RouteOrigin.Kind.TRAFFIC_SHIFT, "shop", name, 0),
        List.of(matches),
        WeightedDraw.always(new Backend.Service(new ServicePortKey("shop", name, 80))),
        RequestPolicy.DEFAULT);
  }

  private static RouteMatch path(PathMatch path) {
    return new RouteMatch(Optional.of(path), Optional.empty(), List.of(), List.of());
  }

  private static RouteMatch match(@Nullable String prefix, @Nullable String version) {
    return new RouteMatch(
        Optional.ofNullable(prefix).map(PathMatch.Prefix::new),
        Optional.empty(),
        version == null ? List.of() : List.of(new HeaderMatch("version", version)),
        List.of());
  }

  private static RouteMatch query(String name, String value) {
    return new RouteMatch(
        Optional.empty(), Optional.empty(), List.of(), List.of(new QueryMatch(name, value)));
  }

  private record Request(String method, String path, String query, Map<String, String> headers)
      implements RequestHead {
    Request(String method, String path, String query) {
      this(method, path, query, new HashMap<>());
    }

    @Override
    public String authority() {
      return "echo";
    }

    @Override
    public @Nullable String header(String name) {
      return headers.get(name);
    }
  }
}
