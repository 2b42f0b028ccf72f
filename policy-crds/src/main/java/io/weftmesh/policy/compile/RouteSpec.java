package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.HostMatch;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a route of any kind says, as far as that can be understood without knowing a single Service:
 * small, and read once, however often the Services change.
 *
 * @param parents those that are ours; a Gateway's are its controller's
 * @param hosts any of them is enough; empty is every host
 * @param problems what can't be honoured, whatever Services there are
 */
public record RouteSpec(
    RouteOrigin.Kind kind,
    List<Parent> parents,
    List<HostMatch> hosts,
    List<Rule> rules,
    List<Problem> problems) {

  public RouteSpec {
    parents = List.copyOf(parents);
    hosts = List.copyOf(hosts);
    rules = List.copyOf(rules);
    problems = List.copyOf(problems);
  }

  /**
   * A reference to a Service that is routed, as it was written.
   *
   * @param field its path from the object's root
   * @param namespace null for the route's own
   */
  public record Parent(
      String field,
      @Nullable String group,
      @Nullable String kind,
      @Nullable String namespace,
      @Nullable String name,
      @Nullable Integer port,
      @Nullable String sectionName) {}

  /**
   * One rule.
   *
   * @param backends none: the parent's own endpoints
   * @param faults why all that meets the rule is answered with 500, a sentence each
   */
  record Rule(
      List<RouteMatch> matches,
      List<RuleFilter> filters,
      List<BackendRef> backends,
      RouteSettings settings,
      List<String> faults) {
    Rule {
      matches = List.copyOf(matches);
      filters = List.copyOf(filters);
      backends = List.copyOf(backends);
      faults = List.copyOf(faults);
    }

    /** The same rule with something else that is wrong with it. */
    Rule with(List<String> more) {
      List<String> all = new ArrayList<>(faults);
      all.addAll(more);
      return new Rule(matches, filters, backends, settings, all);
    }
  }

  /** A filter of a rule or of a backend. */
  sealed interface RuleFilter {
    /** One that needs nothing else. */
    record Plain(Filter filter) implements RuleFilter {}

    /** One that sends copies somewhere, of every {@code denominator} requests {@code numerator}. */
    record MirrorTo(BackendRef backend, int numerator, int denominator) implements RuleFilter {}
  }

  /**
   * A reference to where traffic goes, as it was written.
   *
   * @param field its path from the object's root
   * @param namespace null for the route's own
   * @param port null if there is none, which leads nowhere
   */
  record BackendRef(
      String field,
      @Nullable String group,
      @Nullable String kind,
      @Nullable String namespace,
      @Nullable String name,
      @Nullable Integer port,
      int weight,
      List<RuleFilter> filters) {
    BackendRef {
      filters = List.copyOf(filters);
    }
  }
}
