package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
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
import org.jspecify.annotations.Nullable;

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
  private final Map<ServiceKey, Policy> policies = new HashMap<>();

  private PolicyCompiler(ServiceShape.Lookup services) {
    this.services = services;
  }

  /** What is in force when these objects are written and these Services exist. */
  public static Compiled compile(PolicyObjects objects, ServiceShape.Lookup services) {
    PolicyCompiler compiler = new PolicyCompiler(services);
    objects.shifts().stream().sorted(Written.OLDEST_FIRST).forEach(compiler::shift);
    objects.policies().stream().sorted(Written.OLDEST_FIRST).forEach(compiler::policy);
    SecurityRules security = SecurityCompiler.compile(objects.securities(), compiler.problems);
    return new Compiled(
        compiler.routes(), compiler.backendSettings(), security, List.copyOf(compiler.problems));
  }

  /** The shift in force for a port. */
  private record Shift(Written<TrafficShiftSpec> object, WeightedDraw draw) {}

  /**
   * The policy in force for a Service.
   *
   * @param settings null if it is broken
   */
  private record Policy(Written<TrafficPolicySpec> object, @Nullable RequestSettings settings) {}

  private void shift(Written<TrafficShiftSpec> object) {
    Findings findings = new Findings(object, problems, CLOSED);
    TrafficShiftSpec spec = object.spec();
    String name = spec == null ? null : spec.service();
    if (spec == null || name == null || name.isBlank()) {
      findings.idle("spec.service", Problem.Reason.INVALID, "is missing");
      return;
    }
    ServiceKey service = new ServiceKey(object.namespace(), name);
    ServiceShape shape = target(findings, "spec.service", service);
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
        conflict(findings, "spec.service", service, older.object());
      }
    }
  }

  private void policy(Written<TrafficPolicySpec> object) {
    Findings findings = new Findings(object, problems, CLOSED);
    TrafficPolicySpec spec = object.spec();
    TrafficPolicySpec.TargetRef ref = spec == null ? null : spec.targetRef();
    String name = ref == null ? null : ref.name();
    if (spec == null || name == null || name.isBlank()) {
      findings.idle("spec.targetRef.name", Problem.Reason.INVALID, "is missing");
      return;
    }
    ServiceKey service = new ServiceKey(object.namespace(), name);
    if (target(findings, "spec.targetRef.name", service) == null) {
      return;
    }
    RequestSettings settings = PolicyReader.read(spec, findings);
    Policy older =
        policies.putIfAbsent(service, new Policy(object, findings.isInvalid() ? null : settings));
    if (older != null) {
      conflict(findings, "spec.targetRef.name", service, older.object());
    }
  }

  /** A Service that traffic can be addressed to; null, and a problem, if there is none. */
  private @Nullable ServiceShape target(Findings findings, String field, ServiceKey service) {
    ServiceShape shape = services.find(service);
    if (shape == null) {
      findings.idle(
          field,
          Problem.Reason.TARGET_NOT_FOUND,
          "is \"" + service.name() + "\", but there is no Service " + service);
      return null;
    }
    if (shape.type() != ServiceShape.Type.CLUSTER_IP) {
      findings.idle(
          field,
          Problem.Reason.TARGET_UNSUPPORTED,
          "is \"" + service.name() + "\", which " + shape.type().text());
      return null;
    }
    return shape;
  }

  private static void conflict(
      Findings findings, String field, ServiceKey service, Written<?> older) {
    findings.idle(
        field,
        Problem.Reason.CONFLICTED,
        "is \"" + service.name() + "\", which the older " + older + " speaks of already");
  }

  private Map<ServicePortKey, RouteSets> routes() {
    Set<ServicePortKey> ports = new HashSet<>(shifts.keySet());
    for (ServiceKey service : policies.keySet()) {
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
    Policy policy = policies.get(port.service());
    if (policy != null && policy.settings() == null) {
      return new RouteRule(
          origin(Kind.TRAFFIC_POLICY, policy.object()),
          List.of(),
          WeightedDraw.always(new Backend.Unresolvable(policy.object().toString(), "is invalid")),
          RequestPolicy.DEFAULT);
    }
    RequestSettings inForce =
        policy == null || policy.settings() == null ? RequestSettings.DEFAULT : policy.settings();
    Shift shift = shifts.get(port);
    return new RouteRule(
        shift == null
            ? RouteOrigin.service(port.service())
            : origin(Kind.TRAFFIC_SHIFT, shift.object()),
        List.of(),
        shift == null ? WeightedDraw.always(new Backend.Service(port)) : shift.draw(),
        inForce.requests());
  }

  private Map<ServiceKey, BackendSettings> backendSettings() {
    Map<ServiceKey, BackendSettings> backends = new HashMap<>();
    policies.forEach((service, policy) -> {
      if (policy.settings() != null) {
        backends.put(service, policy.settings().backend());
      }
    });
    return backends;
  }

  private static RouteOrigin origin(Kind kind, Written<?> object) {
    return new RouteOrigin(kind, object.namespace(), object.name(), 0);
  }
}
