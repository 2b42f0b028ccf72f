package io.weftmesh.policy.compile;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All {@code TrafficPolicy} objects by what they are about. A policy for a route replaces, section
 * by section, what another says of the Service that the route is attached to.
 */
final class TrafficPolicies {
  private static final String TARGET = "spec.targetRef.name";
  private static final String SERVICE_CLOSED =
      "until it is corrected, requests to the Service are answered with 500";
  private static final String ROUTE_CLOSED =
      "until it is corrected, requests that go by the route are answered with 500";

  private final ServiceShape.Lookup services;
  private final Predicate<RouteOrigin> routes;
  private final Set<Problem> problems;
  private final Map<ServiceKey, Policy> byService = new HashMap<>();
  private final Map<RouteOrigin, Policy> byRoute = new HashMap<>();

  /**
   * @param routes whether there is a route; asked for the first rule of each
   * @param problems where the problems go
   */
  TrafficPolicies(
      ServiceShape.Lookup services, Predicate<RouteOrigin> routes, Set<Problem> problems) {
    this.services = services;
    this.routes = routes;
    this.problems = problems;
  }

  /** What policies say of some requests. */
  sealed interface Ruling {
    record InForce(RequestPolicy requests) implements Ruling {}

    /** The policy makes no sense, and its door is closed. */
    record Broken(Written<TrafficPolicySpec> object) implements Ruling {}
  }

  /**
   * A policy that nobody is older than.
   *
   * @param requests null if it is broken
   */
  private record Policy(
      Written<TrafficPolicySpec> object,
      @Nullable RequestOverrides requests,
      BackendSettings backend) {}

  /** Adds a policy; the oldest first. */
  void add(Written<TrafficPolicySpec> object) {
    TrafficPolicySpec spec = object.spec();
    TrafficPolicySpec.TargetRef ref = spec == null ? null : spec.targetRef();
    String name = ref == null ? null : ref.name();
    if (spec == null || ref == null || name == null || name.isBlank()) {
      new Findings(object, problems, SERVICE_CLOSED)
          .idle(TARGET, Problem.Reason.INVALID, "is missing");
      return;
    }
    switch (ref.kind()) {
      case null -> addForService(object, spec, name);
      case SERVICE -> addForService(object, spec, name);
      case HTTP_ROUTE ->
          addForRoute(object, spec, origin(RouteOrigin.Kind.HTTP_ROUTE, object.namespace(), name));
      case GRPC_ROUTE ->
          addForRoute(object, spec, origin(RouteOrigin.Kind.GRPC_ROUTE, object.namespace(), name));
    }
  }

  /** The Services that a policy is about. */
  Set<ServiceKey> services() {
    return byService.keySet();
  }

  /** How connections to their endpoints are made and kept. */
  Map<ServiceKey, BackendSettings> backends() {
    Map<ServiceKey, BackendSettings> backends = new HashMap<>();
    byService.forEach((service, policy) -> {
      if (policy.requests() != null) {
        backends.put(service, policy.backend());
      }
    });
    return backends;
  }

  /** What holds for the requests to a Service that no route speaks of. */
  Ruling of(ServiceKey service) {
    return over(byService.get(service), RequestPolicy.DEFAULT);
  }

  /** What holds for the requests to a Service that go by a rule of a route. */
  Ruling of(RouteOrigin rule, ServiceKey service) {
    return switch (of(service)) {
      case Ruling.Broken broken -> broken;
      case Ruling.InForce(RequestPolicy wider) ->
          over(byRoute.get(origin(rule.kind(), rule.namespace(), rule.name())), wider);
    };
  }

  private static Ruling over(@Nullable Policy policy, RequestPolicy wider) {
    if (policy == null) {
      return new Ruling.InForce(wider);
    }
    return policy.requests() == null
        ? new Ruling.Broken(policy.object())
        : new Ruling.InForce(policy.requests().over(wider));
  }

  private void addForService(
      Written<TrafficPolicySpec> object, TrafficPolicySpec spec, String name) {
    Findings findings = new Findings(object, problems, SERVICE_CLOSED);
    ServiceKey service = new ServiceKey(object.namespace(), name);
    if (findings.target(TARGET, service, services) == null) {
      return;
    }
    RequestOverrides requests = RequestReader.read(object, spec, findings);
    BackendSettings backend = BackendReader.read(spec, findings);
    put(byService, service, policy(object, requests, backend, findings), findings);
  }

  private void addForRoute(
      Written<TrafficPolicySpec> object, TrafficPolicySpec spec, RouteOrigin route) {
    Findings findings = new Findings(object, problems, ROUTE_CLOSED);
    if (!routes.test(route)) {
      findings.idle(
          TARGET,
          Problem.Reason.TARGET_NOT_FOUND,
          "is \"" + route.name() + "\", but there is no " + route);
      return;
    }
    RequestOverrides requests = RequestReader.read(object, spec, findings);
    BackendReader.refuse(spec, route, findings);
    put(byRoute, route, policy(object, requests, BackendSettings.DEFAULT, findings), findings);
  }

  private static Policy policy(
      Written<TrafficPolicySpec> object,
      RequestOverrides requests,
      BackendSettings backend,
      Findings findings) {
    return new Policy(object, findings.isInvalid() ? null : requests, backend);
  }

  private static <K> void put(Map<K, Policy> policies, K target, Policy policy, Findings findings) {
    Policy older = policies.putIfAbsent(target, policy);
    TrafficPolicySpec spec = policy.object().spec();
    if (older != null && spec != null && spec.targetRef() != null) {
      findings.conflict(TARGET, String.valueOf(spec.targetRef().name()), older.object());
    }
  }

  private static RouteOrigin origin(RouteOrigin.Kind kind, String namespace, String name) {
    return new RouteOrigin(kind, namespace, name, 0);
  }
}
