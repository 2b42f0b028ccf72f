package io.weftmesh.policy.compile;

import io.weftmesh.policy.compile.TrafficPolicies.Ruling;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteOrigin.Kind;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
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
  private static final String CLOSED =
      "until it is corrected, requests to the Service are answered with 500";

  private final ServiceShape.Lookup services;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final Map<ServicePortKey, Shift> shifts = new HashMap<>();
  private final TrafficPolicies policies;

  private PolicyCompiler(ServiceShape.Lookup services) {
    this.services = services;
    this.policies = new TrafficPolicies(services, noRouteIsKnown -> false, problems);
  }

  /** What is in force when these objects are written and these Services exist. */
  public static Compiled compile(PolicyObjects objects, ServiceShape.Lookup services) {
    PolicyCompiler compiler = new PolicyCompiler(services);
    objects.shifts().stream().sorted(Written.OLDEST_FIRST).forEach(compiler::shift);
    objects.policies().stream().sorted(Written.OLDEST_FIRST).forEach(compiler.policies::add);
    SecurityRules security = SecurityCompiler.compile(objects.securities(), compiler.problems);
    return new Compiled(
        compiler.routes(), compiler.policies.backends(), security, List.copyOf(compiler.problems));
  }

  /** The shift in force for a port. */
  private record Shift(Written<TrafficShiftSpec> object, WeightedDraw draw) {}

  private void shift(Written<TrafficShiftSpec> object) {
    Findings findings = new Findings(object, problems, CLOSED);
    TrafficShiftSpec spec = object.spec();
    String name = spec == null ? null : spec.service();
    if (spec == null || name == null || name.isBlank()) {
      findings.idle("spec.service", Problem.Reason.INVALID, "is missing");
      return;
    }
    ServiceKey service = new ServiceKey(object.namespace(), name);
    ServiceShape shape = findings.target("spec.service", service, services);
    if (shape == null) {
      return;
    }
    Integer only = spec.port();
    if (only != null && !shape.ports().contains(only)) {
      findings.idle(
          "spec.port",
          Problem.Reason.TARGET_NOT_FOUND,
          "is "
              + only
              + ", expected a TCP port of Service "
              + service
              + ", which has "
              + shape.portsText());
      return;
    }
    ShiftCompiler compiler = new ShiftCompiler(object, spec, services, findings);
    boolean fit = compiler.check();
    for (int port : only == null ? shape.ports() : Set.of(only)) {
      WeightedDraw draw =
          fit
              ? compiler.draw(port)
              : WeightedDraw.always(new Backend.Unresolvable(object.toString(), "is invalid"));
      Shift older = shifts.putIfAbsent(new ServicePortKey(service, port), new Shift(object, draw));
      if (older != null) {
        findings.conflict("spec.service", service.name(), older.object());
      }
    }
  }

  private Map<ServicePortKey, RouteSets> routes() {
    Set<ServicePortKey> ports = new HashSet<>(shifts.keySet());
    for (ServiceKey service : policies.services()) {
      ServiceShape shape = services.find(service);
      if (shape != null) {
        shape.ports().forEach(port -> ports.add(new ServicePortKey(service, port)));
      }
    }
    Map<ServicePortKey, RouteSets> routes = new HashMap<>();
    for (ServicePortKey port : ports) {
      routes.put(port, RouteSets.forAll(RouteTable.of(rule(port))));
    }
    return routes;
  }

  private RouteRule rule(ServicePortKey port) {
    return switch (policies.of(port.service())) {
      case Ruling.Broken(Written<TrafficPolicySpec> object) ->
          new RouteRule(
              origin(Kind.TRAFFIC_POLICY, object),
              List.of(),
              WeightedDraw.always(new Backend.Unresolvable(object.toString(), "is invalid")),
              RequestPolicy.DEFAULT);
      case Ruling.InForce(RequestPolicy requests) -> rule(port, requests);
    };
  }

  private RouteRule rule(ServicePortKey port, RequestPolicy requests) {
    Shift shift = shifts.get(port);
    return new RouteRule(
        shift == null
            ? RouteOrigin.service(port.service())
            : origin(Kind.TRAFFIC_SHIFT, shift.object()),
        List.of(),
        shift == null ? WeightedDraw.always(new Backend.Service(port)) : shift.draw(),
        requests);
  }

  private static RouteOrigin origin(Kind kind, Written<?> object) {
    return new RouteOrigin(kind, object.namespace(), object.name(), 0);
  }
}
