package io.weftmesh.policy.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one Service port, for the clients of one namespace. Immutable but for the draws in
 * its rules.
 *
 * <p>Requests are matched against every match of every rule, the most particular first; among
 * equals, the rule that stands earlier in the table wins, and the table is made in the order of
 * age, name and place.
 */
public final class RouteTable {
  private final List<RouteRule> requestRules;
  private final RouteRule connectionRule;
  private final List<Entry> byPrecedence;

  /**
   * @param requestRules for HTTP requests, older objects first; a request that meets none is
   *     answered with 404, so a Service without routes has one rule that matches everything
   * @param connectionRule for connections that carry no HTTP
   */
  public RouteTable(List<RouteRule> requestRules, RouteRule connectionRule) {
    this.requestRules = List.copyOf(requestRules);
    this.connectionRule = connectionRule;
    List<Entry> entries = new ArrayList<>();
    for (RouteRule rule : requestRules) {
      if (rule.matches().isEmpty()) {
        entries.add(new Entry(RouteMatch.ANY, rule));
      }
      for (RouteMatch match : rule.matches()) {
        entries.add(new Entry(match, rule));
      }
    }
    // Stable: what compares equal stays in the order of the table.
    entries.sort(Comparator.comparing(Entry::match, RouteMatch.PRECEDENCE));
    this.byPrecedence = List.copyOf(entries);
  }

  /** A table of one rule for requests and connections alike. */
  public static RouteTable of(RouteRule rule) {
    return new RouteTable(List.of(rule), rule);
  }

  /** One match of one rule. */
  public record Entry(RouteMatch match, RouteRule rule) {}

  /** The rule for a request; null if it meets none, which is answered with 404. */
  public @Nullable RouteRule match(RequestHead head) {
    for (int i = 0; i < byPrecedence.size(); i++) {
      Entry entry = byPrecedence.get(i);
      if (entry.match.matches(head)) {
        return entry.rule;
      }
    }
    return null;
  }

  /** The rule for a connection that carries no HTTP. */
  public RouteRule connection() {
    return connectionRule;
  }

  /** All matches in the order in which they are tried. */
  public List<Entry> byPrecedence() {
    return byPrecedence;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RouteTable table
        && table.requestRules.equals(requestRules)
        && table.connectionRule.equals(connectionRule);
  }

  @Override
  public int hashCode() {
    return 31 * requestRules.hashCode() + connectionRule.hashCode();
  }

  @Override
  public String toString() {
    return "RouteTable" + requestRules;
  }
}
