package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteOrigin.Kind;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The shifts in force, port by port. */
final class Shifts {
  private final ServiceShape.Lookup services;
  private final Set<Problem> problems;
  private final Map<ServicePortKey, Shift> byPort = new HashMap<>();

  Shifts(ServiceShape.Lookup services, Set<Problem> problems) {
    this.services = services;
    this.problems = problems;
  }

  /** The shift in force for a port; without headers, of all its traffic. */
  private record Shift(
      Written<TrafficShiftSpec> object, List<HeaderMatch> headers, WeightedDraw draw) {}

  /** Adds a shift; older ones come first. */
  void add(Written<TrafficShiftSpec> object) {
    Findings findings = new Findings(object, problems, PolicyCompiler.CLOSED);
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
    ShiftCompiler compiler = new ShiftCompiler(object, spec, service, services, findings);
    boolean fit = compiler.check();
    for (int port : only == null ? shape.ports() : Set.of(only)) {
      Shift shift =
          fit
              ? new Shift(object, compiler.headers(), compiler.draw(port))
              : new Shift(
                  object,
                  List.of(),
                  WeightedDraw.always(new Backend.Unresolvable(object.toString(), "is invalid")));
      Shift older = byPort.putIfAbsent(new ServicePortKey(service, port), shift);
      if (older != null) {
        findings.conflict("spec.service", service.name(), older.object());
      }
    }
  }

  /** The ports that a shift speaks of. */
  Set<ServicePortKey> ports() {
    return byPort.keySet();
  }

  /** The subsets that shifts lead to, whose endpoints are to be told apart. */
  Set<Backend.Service> subsets() {
    Set<Backend.Service> subsets = new HashSet<>();
    for (Shift shift : byPort.values()) {
      for (WeightedBackend weighted : shift.draw().backends()) {
        if (weighted.backend() instanceof Backend.Service service && service.isSubset()) {
          subsets.add(service);
        }
      }
    }
    return subsets;
  }

  /**
   * The table of a port that no route of the Service's own namespace is in force at.
   *
   * @param policy what holds for the Service's requests
   * @param own the Service's own endpoints, for what is not shifted
   */
  RouteTable table(ServicePortKey port, RequestPolicy policy, RouteRule own) {
    Shift shift = byPort.get(port);
    if (shift == null) {
      return RouteTable.of(own);
    }
    RouteOrigin origin =
        new RouteOrigin(Kind.TRAFFIC_SHIFT, shift.object().namespace(), shift.object().name(), 0);
    if (shift.headers().isEmpty()) {
      return RouteTable.of(new RouteRule(origin, List.of(), shift.draw(), policy));
    }
    RouteMatch match =
        new RouteMatch(Optional.empty(), Optional.empty(), shift.headers(), List.of());
    RouteRule shifted = new RouteRule(origin, List.of(match), shift.draw(), policy);
    return new RouteTable(List.of(shifted, own), own);
  }

  /** A route of the Service's own namespace is in force at the port: the shift, if any, is not. */
  void yieldTo(ServiceRoute route, ServicePortKey port) {
    @Nullable Shift shift = byPort.get(port);
    if (shift != null) {
      problems.add(
          new Problem(
              shift.object().toString(),
              "spec.service",
              Problem.Reason.CONFLICTED,
              "is \""
                  + port.service().name()
                  + "\", whose port "
                  + port.port()
                  + " "
                  + route.object()
                  + " routes, and a route goes before a shift",
              "nothing is shifted at that port until one of them goes"));
    }
  }
}
