package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.TrafficPolicies.Ruling;
import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compiles all that users wrote to the route model: first what each object says, oldest first, then
 * one table for each Service port that any of them speaks of.
 *
 * <p>Of several objects about one thing the oldest is in force, even if it is broken: fixing it, or
 * deleting it, must not be the moment when another one takes over by surprise.
 */
public final class PolicyCompiler {
  static final String CLOSED =
      "until it is corrected, requests to the Service are answered with 500";

  private final ServiceShape.Lookup services;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final Shifts shifts;
  private final RoutesInForce routes = new RoutesInForce();
  private final TrafficPolicies policies;

  private PolicyCompiler(ServiceShape.Lookup services) {
    this.services = services;
    this.shifts = new Shifts(services, problems);
    this.policies = new TrafficPolicies(services, routes::has, problems);
  }

  /** What is in force when these objects are written and these Services exist. */
  public static Compiled compile(PolicyObjects objects, ServiceShape.Lookup services) {
    PolicyCompiler compiler = new PolicyCompiler(services);
    objects.shifts().stream().sorted(Written.OLDEST_FIRST).forEach(compiler.shifts::add);
    List<RouteStatus> statuses = compiler.routes(objects.routes());
    objects.policies().stream().sorted(Written.OLDEST_FIRST).forEach(compiler.policies::add);
    SecurityRules security = SecurityCompiler.compile(objects.securities(), compiler.problems);
    AccessRules access = AccessCompiler.compile(objects.accesses(), compiler.problems);
    return new Compiled(
        compiler.routeSets(),
        compiler.policies.backends(),
        compiler.shifts.subsets(),
        security,
        access,
        statuses,
        List.copyOf(compiler.problems));
  }

  /** Attaches the routes, and says what became of each. */
  private List<RouteStatus> routes(List<Written<RouteSpec>> objects) {
    List<ServiceRoute> all = new ArrayList<>();
    for (Written<RouteSpec> object : objects.stream().sorted(Written.OLDEST_FIRST).toList()) {
      if (object.spec() != null) {
        all.add(ServiceRoute.of(object, object.spec(), services));
      }
    }
    all.forEach(routes::add);
    RouteStatuses statuses = new RouteStatuses(routes, problems);
    return all.stream().map(statuses::of).sorted().toList();
  }

  private Map<ServicePortKey, RouteSets> routeSets() {
    Set<ServicePortKey> ports = new HashSet<>(shifts.ports());
    ports.addAll(routes.ports());
    for (ServiceKey service : policies.services()) {
      ServiceShape shape = services.find(service);
      if (shape != null) {
        shape.ports().forEach(port -> ports.add(new ServicePortKey(service, port)));
      }
    }
    Map<ServicePortKey, RouteSets> sets = new HashMap<>();
    for (ServicePortKey port : ports) {
      sets.put(port, sets(port));
    }
    return sets;
  }

  private RouteSets sets(ServicePortKey port) {
    return switch (policies.of(port.service())) {
      case Ruling.Broken(Written<TrafficPolicySpec> object) ->
          RouteSets.forAll(RouteTable.of(ServiceRoute.closed(object, List.of(), List.of())));
      case Ruling.InForce(RequestPolicy requests) -> sets(port, requests);
    };
  }

  private RouteSets sets(ServicePortKey port, RequestPolicy requests) {
    RouteRule own =
        new RouteRule(
            RouteOrigin.service(port.service()),
            List.of(),
            WeightedDraw.always(new Backend.Service(port)),
            requests);
    RouteTable producer = shifts.table(port, requests, own);
    Map<String, RouteTable> consumers = new HashMap<>();
    for (String namespace : routes.namespaces(port)) {
      List<ServiceRoute> inForce = routes.at(port, namespace);
      RouteTable table = RouteTables.of(inForce, port, policies, own);
      if (namespace.equals(port.service().namespace())) {
        producer = table;
        shifts.yieldTo(inForce.getFirst(), port);
      } else {
        consumers.put(namespace, table);
      }
    }
    return new RouteSets(producer, consumers);
  }
}
