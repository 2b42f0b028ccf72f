package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.ParentRefs.Attachment;
import io.weftmesh.policy.compile.RouteSpec.Parent;
import io.weftmesh.policy.compile.RouteSpec.Rule;
import io.weftmesh.policy.compile.TrafficPolicies.Ruling;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Filter;
import io.weftmesh.policy.model.HostMatch;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A route beside the Services that there are: what it is attached to, and where its rules lead.
 *
 * @param spec what it says
 * @param unresolved what is wrong with its references to backends
 */
record ServiceRoute(
    Written<RouteSpec> object,
    RouteSpec spec,
    List<AttachedParent> parents,
    List<ResolvedRule> rules,
    List<Problem> unresolved) {

  /**
   * A reference to a parent.
   *
   * @param attachment null if it leads nowhere
   * @param problems why
   */
  record AttachedParent(Parent parent, @Nullable Attachment attachment, List<Problem> problems) {}

  /**
   * A rule.
   *
   * @param backends none: the parent's own endpoints
   */
  record ResolvedRule(Rule rule, List<Filter> filters, List<WeightedBackend> backends) {}

  /** Resolves all that the route refers to. */
  static ServiceRoute of(Written<RouteSpec> object, RouteSpec spec, ServiceShape.Lookup services) {
    List<AttachedParent> parents = new ArrayList<>();
    for (Parent parent : spec.parents()) {
      Set<Problem> problems = new LinkedHashSet<>();
      Attachment attachment =
          ParentRefs.resolve(object, parent, services, new Findings(object, problems, ""));
      parents.add(new AttachedParent(parent, attachment, List.copyOf(problems)));
    }
    Set<Problem> unresolved = new LinkedHashSet<>();
    BackendRefs refs = new BackendRefs(object, services, new Findings(object, unresolved, ""));
    List<ResolvedRule> rules = new ArrayList<>();
    for (Rule rule : spec.rules()) {
      rules.add(
          new ResolvedRule(rule, refs.filters(rule.filters()), refs.weighted(rule.backends())));
    }
    return new ServiceRoute(object, spec, parents, rules, List.copyOf(unresolved));
  }

  RouteOrigin.Kind kind() {
    return spec.kind();
  }

  /** Whether the route says of this very port that it is meant. */
  boolean names(ServicePortKey port) {
    for (AttachedParent parent : parents) {
      Attachment attachment = parent.attachment();
      if (attachment != null
          && attachment.names()
          && attachment.service().equals(port.service())
          && attachment.ports().contains(port.port())) {
        return true;
      }
    }
    return false;
  }

  /**
   * The rules as they are in force at a port.
   *
   * @param policies what holds for the Service, or for the route, where a rule is silent
   */
  List<RouteRule> rulesAt(ServicePortKey port, TrafficPolicies policies) {
    List<RouteRule> inForce = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      ResolvedRule rule = rules.get(i);
      RouteOrigin origin = new RouteOrigin(kind(), object.namespace(), object.name(), i);
      inForce.add(
          switch (policies.of(origin, port.service())) {
            case Ruling.Broken(Written<TrafficPolicySpec> policy) ->
                closed(policy, spec.hosts(), rule.rule().matches());
            case Ruling.InForce(RequestPolicy policy) ->
                new RouteRule(
                    origin,
                    spec.hosts(),
                    rule.rule().matches(),
                    filters(rule),
                    draw(rule, port),
                    rule.rule().settings().over(policy));
          });
    }
    return inForce;
  }

  /** What answers for requests whose policy makes no sense. */
  static RouteRule closed(
      Written<TrafficPolicySpec> policy, List<HostMatch> hosts, List<RouteMatch> matches) {
    return new RouteRule(
        new RouteOrigin(RouteOrigin.Kind.TRAFFIC_POLICY, policy.namespace(), policy.name(), 0),
        hosts,
        matches,
        List.of(),
        WeightedDraw.always(new Backend.Unresolvable(policy.toString(), "is invalid")),
        RequestPolicy.DEFAULT);
  }

  /** Of a closed rule nothing else may be done first: a redirect would be an answer already. */
  private static List<Filter> filters(ResolvedRule rule) {
    List<Filter> filters = new ArrayList<>();
    rule.rule().faults().forEach(fault -> filters.add(new Filter.Unsupported(fault)));
    filters.addAll(rule.filters());
    return filters;
  }

  private WeightedDraw draw(ResolvedRule rule, ServicePortKey port) {
    boolean ofConnections =
        switch (kind()) {
          case TLS_ROUTE, TCP_ROUTE -> true;
          case SERVICE, HTTP_ROUTE, GRPC_ROUTE, TRAFFIC_SHIFT, TRAFFIC_POLICY -> false;
        };
    if (ofConnections && !rule.rule().faults().isEmpty()) {
      // A connection knows no filters: its door is closed by leading nowhere.
      return WeightedDraw.always(
          new Backend.Unresolvable(object.toString(), rule.rule().faults().getFirst()));
    }
    return rule.backends().isEmpty()
        ? WeightedDraw.always(new Backend.Service(port))
        : new WeightedDraw(rule.backends());
  }
}
