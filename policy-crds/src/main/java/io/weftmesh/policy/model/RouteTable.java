package io.weftmesh.policy.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one Service port, for the clients of one namespace. Immutable but for the draws in
 * its rules.
 *
 * <p>Requests are matched against every match of every rule, the most particular first; among
 * equals, the rule that stands earlier in the table wins, and the table is made in the order of
 * age, name and place.
 *
 * <p>Routes of one kind are in force on a port. Traffic that is not of that kind (TLS where an
 * {@code HTTPRoute} is attached, say) goes to the Service's own endpoints, connection by
 * connection.
 */
public final class RouteTable {
  private static final int FEW = 8;

  private final List<RouteRule> requestRules;
  private final List<RouteRule> tlsRules;
  private final RouteRule connectionRule;
  private final boolean opaque;
  private final boolean expectsHttp;
  private final List<Entry> byPrecedence;
  private final List<Entry> tlsByPrecedence;

  /** Only for many: a few are tried sooner than looked up. */
  private final @Nullable PathIndex byPath;

  private RouteTable(
      List<RouteRule> requestRules,
      List<RouteRule> tlsRules,
      RouteRule connectionRule,
      boolean opaque,
      boolean expectsHttp) {
    this.requestRules = List.copyOf(requestRules);
    this.tlsRules = List.copyOf(tlsRules);
    this.connectionRule = connectionRule;
    this.opaque = opaque;
    this.expectsHttp = expectsHttp;
    this.byPrecedence = entries(requestRules);
    this.tlsByPrecedence = entries(tlsRules);
    this.byPath = byPrecedence.size() > FEW ? new PathIndex(byPrecedence) : null;
  }

  /**
   * Routes for HTTP requests.
   *
   * @param rules older objects first; a request that meets none is answered with 404, so a Service
   *     without routes has one rule that matches everything
   * @param connectionRule for connections that carry no HTTP
   */
  public RouteTable(List<RouteRule> rules, RouteRule connectionRule) {
    this(rules, List.of(), connectionRule, false, false);
  }

  /**
   * Routes for HTTP requests on a port that one of them names, so that HTTP is to be expected there
   * even where nothing declares it.
   */
  public static RouteTable expectingHttp(List<RouteRule> rules, RouteRule connectionRule) {
    return new RouteTable(rules, List.of(), connectionRule, false, true);
  }

  /** A table of one rule for requests and connections alike. */
  public static RouteTable of(RouteRule rule) {
    return new RouteTable(List.of(rule), rule);
  }

  /**
   * Routes for TLS connections, by the server name that the client asks for.
   *
   * @param rules older objects first; their hosts alone are looked at; a connection that meets none
   *     is reset
   * @param otherwise for requests and connections that are no TLS
   */
  public static RouteTable ofTls(List<RouteRule> rules, RouteRule otherwise) {
    return new RouteTable(List.of(otherwise), rules, otherwise, false, false);
  }

  /** One rule for connections, whatever they carry: nothing is looked at. */
  public static RouteTable ofConnections(RouteRule rule) {
    return new RouteTable(List.of(rule), List.of(), rule, true, false);
  }

  /** One match of one rule, for one host. */
  public record Entry(HostMatch host, RouteMatch match, RouteRule rule) {
    static final Comparator<Entry> PRECEDENCE =
        Comparator.comparing(Entry::host, HostMatch.PRECEDENCE)
            .thenComparing(Entry::match, RouteMatch.PRECEDENCE);

    /** Whether a request meets it. */
    public boolean matches(RequestHead head) {
      return (host.isAny() || host.matches(head.authority())) && match.matches(head);
    }

    /** The first condition that a request does not meet, for explaining; null if it meets all. */
    public @Nullable Object firstUnmet(RequestHead head) {
      return host.matches(head.authority()) ? match.firstUnmet(head) : host;
    }
  }

  /** What a request meets; null if it meets nothing, which is answered with 404. */
  public @Nullable Entry match(RequestHead head) {
    if (byPath != null) {
      return byPath.match(head);
    }
    for (int i = 0; i < byPrecedence.size(); i++) {
      Entry entry = byPrecedence.get(i);
      if (entry.matches(head)) {
        return entry;
      }
    }
    return null;
  }

  /**
   * The rule for a TLS connection; null if it meets none, and is to be reset.
   *
   * @param serverName empty if the client names none
   */
  public @Nullable RouteRule tls(String serverName) {
    if (tlsRules.isEmpty()) {
      return connectionRule;
    }
    for (Entry entry : tlsByPrecedence) {
      if (entry.host.matches(serverName)) {
        return entry.rule;
      }
    }
    return null;
  }

  /** Whether the server name of a TLS connection has to be known before it can be routed. */
  public boolean asksServerName() {
    return !tlsRules.isEmpty();
  }

  /** The rule for a connection that carries neither HTTP nor TLS that is routed. */
  public RouteRule connection() {
    return connectionRule;
  }

  /** Whether connections are routed without a look at what they carry. */
  public boolean isOpaque() {
    return opaque;
  }

  /**
   * Whether a client that stays silent is one that will speak HTTP, and not one that waits for the
   * server to speak first.
   */
  public boolean expectsHttp() {
    return expectsHttp;
  }

  /**
   * The same, with the draws of an earlier table for every rule that sends to the same backends as
   * before: they go on where they were.
   */
  RouteTable keeping(RouteTable earlier) {
    if (equals(earlier)) {
      return earlier;
    }
    Map<Drawn, WeightedDraw> draws = new HashMap<>();
    Stream.of(earlier.requestRules, earlier.tlsRules, List.of(earlier.connectionRule))
        .flatMap(List::stream)
        .forEach(rule -> draws.putIfAbsent(Drawn.of(rule), rule.backends()));
    UnaryOperator<RouteRule> keep =
        rule -> rule.drawing(draws.getOrDefault(Drawn.of(rule), rule.backends()));
    return new RouteTable(
        requestRules.stream().map(keep).toList(),
        tlsRules.stream().map(keep).toList(),
        keep.apply(connectionRule),
        opaque,
        expectsHttp);
  }

  /** A rule's draw, whatever else the rule says. */
  private record Drawn(RouteOrigin origin, WeightedDraw draw) {
    static Drawn of(RouteRule rule) {
      return new Drawn(rule.origin(), rule.backends());
    }
  }

  /** All matches for requests, in the order in which they are tried. */
  public List<Entry> byPrecedence() {
    return byPrecedence;
  }

  private static List<Entry> entries(List<RouteRule> rules) {
    List<Entry> entries = new ArrayList<>();
    for (RouteRule rule : rules) {
      for (HostMatch host : rule.hosts().isEmpty() ? List.of(HostMatch.ANY) : rule.hosts()) {
        for (RouteMatch match :
            rule.matches().isEmpty() ? List.of(RouteMatch.ANY) : rule.matches()) {
          entries.add(new Entry(host, match, rule));
        }
      }
    }
    // Stable: what compares equal stays in the order of the table.
    entries.sort(Entry.PRECEDENCE);
    return List.copyOf(entries);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RouteTable table
        && table.requestRules.equals(requestRules)
        && table.tlsRules.equals(tlsRules)
        && table.connectionRule.equals(connectionRule)
        && table.opaque == opaque
        && table.expectsHttp == expectsHttp;
  }

  @Override
  public int hashCode() {
    return 31 * requestRules.hashCode() + connectionRule.hashCode();
  }

  @Override
  public String toString() {
    return "RouteTable" + requestRules + (tlsRules.isEmpty() ? "" : tlsRules);
  }
}
