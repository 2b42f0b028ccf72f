package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.compile.TrafficPolicies.Ruling;
import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.FaultPolicy.Answer;
import io.weftmesh.policy.model.GrpcStatus;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrafficPoliciesTest {
  private static final ServiceKey ECHO = new ServiceKey("shop", "echo");
  private static final RouteOrigin ROUTE =
      new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "shop", "paths", 0);

  private final Set<Problem> problems = new LinkedHashSet<>();
  private final TrafficPolicies policies =
      new TrafficPolicies(
          service ->
              service.equals(ECHO)
                  ? new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(80))
                  : null,
          route -> route.name().equals("paths"),
          problems);

  @Test
  void everyFieldAboutRequestsIsRead() {
    add(
        "{name: echo}",
        """
        retries:
          attempts: 2
          statusCodes: [503]
          grpcStatuses: [UNAVAILABLE, 8, deadline-exceeded]
          onReset: true
          maxRetryAfter: 5s
        fault:
          headers: [{name: X-Fault, value: "on"}]
          delay: {duration: 2s, percent: 10}
          abort: {grpcStatus: 14, percent: 5}
        rateLimit:
          total: {requests: 600, per: minute}
          perIdentity: {requests: 10, burst: 20}
        """);

    assertThat(problems).isEmpty();
    assertThat(requests(policies.of(ECHO)))
        .isEqualTo(
            new RequestPolicy(
                Timeouts.NONE,
                new RetryPolicy(
                    2,
                    Set.of(503),
                    Set.of(14, 8, 4),
                    true,
                    false,
                    RetryPolicy.Backoff.DEFAULT,
                    Duration.ofSeconds(5),
                    RetryPolicy.Budget.DEFAULT),
                Optional.of(
                    new FaultPolicy(
                        List.of(new HeaderMatch("x-fault", "on")),
                        Optional.of(new FaultPolicy.Delay(Duration.ofSeconds(2), 10)),
                        Optional.of(
                            new FaultPolicy.Abort(new Answer.Grpc(GrpcStatus.UNAVAILABLE), 5)))),
                Optional.of(
                    new RateLimit(
                        "TrafficPolicy shop/p0",
                        Optional.of(new RateLimit.Rate(600, Duration.ofMinutes(1), 600)),
                        Optional.of(new RateLimit.Rate(10, Duration.ofSeconds(1), 20))))));
  }

  @Test
  void everyFieldAboutConnectionsIsRead() {
    add(
        "{name: echo}",
        """
        timeouts: {connect: 1s, idle: 10m}
        loadBalancing: {algorithm: LeastRequest, slowStart: 30s}
        outlierEjection:
          consecutiveFailures: 3
          successRate: {window: 10s, minRequests: 50, minPercent: 90}
          baseEjectionTime: 5s
          maxEjectionTime: 1m
          maxEjectedPercent: 20
        limits:
          connections: 100
          concurrentRequests: 50
          perClientPod: {pendingRequests: 5}
        """);

    assertThat(problems).isEmpty();
    assertThat(policies.backends().get(ECHO))
        .isEqualTo(
            new BackendSettings(
                Duration.ofSeconds(1),
                Duration.ofMinutes(10),
                new LoadBalancing(new Algorithm.LeastRequest(), Duration.ofSeconds(30)),
                Optional.of(
                    new OutlierEjection(
                        3,
                        Optional.of(
                            new OutlierEjection.SuccessRate(Duration.ofSeconds(10), 50, 90)),
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(1),
                        20)),
                new TrafficLimits(100, TrafficLimits.UNLIMITED, 50),
                new TrafficLimits(TrafficLimits.UNLIMITED, 5, TrafficLimits.UNLIMITED)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                          | PeakEwma
          {algorithm: PeakEwma}                                       | PeakEwma
          {algorithm: RoundRobin}                                     | RoundRobin
          {algorithm: RingHash, hashOn: {header: X-User}}             | RingHash by header x-user
          {algorithm: RingHash, hashOn: {cookie: session}}            | RingHash by cookie session
          {algorithm: RingHash, hashOn: {sourceAddress: true}}        | RingHash by source address
          """)
  void everyWayOfChoosingIsRead(String spec, String expected) {
    add("{name: echo}", "loadBalancing: " + spec);

    assertThat(problems).isEmpty();
    assertThat(policies.backends().get(ECHO).loadBalancing().algorithm()).hasToString(expected);
  }

  @Test
  void whatIsNotSaidIsTheDefault() {
    add("{name: echo}", "outlierEjection: {successRate: {}}");

    BackendSettings settings = policies.backends().get(ECHO);
    assertThat(settings.ejection())
        .contains(
            new OutlierEjection(
                5,
                Optional.of(OutlierEjection.SuccessRate.DEFAULT),
                Duration.ofSeconds(10),
                Duration.ofMinutes(5),
                50));
    assertThat(settings.loadBalancing()).isEqualTo(LoadBalancing.PEAK_EWMA);
    assertThat(settings.limits()).isEqualTo(TrafficLimits.NONE);
    assertThat(requests(policies.of(ECHO))).isEqualTo(RequestPolicy.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          retries: {grpcStatuses: [OK]}                                    | spec.retries.grpcStatuses[0] is "OK", expected a gRPC status other than OK
          retries: {grpcStatuses: [UNAVAILABLE, 17]}                       | spec.retries.grpcStatuses[1] is "17", expected a gRPC status other than OK
          retries: {grpcStatuses: [-1]}                                    | spec.retries.grpcStatuses[0] is "-1", expected a gRPC status other than OK
          retries: {maxRetryAfter: 2}                                      | spec.retries.maxRetryAfter is "2", expected a duration
          fault: {}                                                        | spec.fault says nothing, expected delay or abort
          fault: {delay: {percent: 1}}                                     | spec.fault.delay.duration is missing
          fault: {delay: {duration: 0s, percent: 1}}                       | spec.fault.delay.duration is 0s, expected more than 0s
          fault: {delay: {duration: 2h, percent: 1}}                       | spec.fault.delay.duration is 2h, expected more than 0s and at most 1h
          fault: {delay: {duration: 2s}}                                   | spec.fault.delay.percent is missing, expected 0 to 100
          fault: {delay: {duration: 2s, percent: 101}}                     | spec.fault.delay.percent is 101, expected 0 to 100
          fault: {abort: {percent: 1}}                                     | spec.fault.abort lacks its answer, expected status or grpcStatus
          fault: {abort: {status: 503, grpcStatus: 14, percent: 1}}        | spec.fault.abort has both status and grpcStatus, expected one of them
          fault: {abort: {status: 200, percent: 1}}                        | spec.fault.abort.status is 200, expected 400 to 599
          fault: {headers: [{name: a}], abort: {status: 500, percent: 1}}  | spec.fault.headers[0].value is missing
          fault: {headers: [{value: a}], abort: {status: 500, percent: 1}} | spec.fault.headers[0].name is missing
          rateLimit: {}                                                    | spec.rateLimit says nothing, expected total or perIdentity
          rateLimit: {total: {per: hour}}                                  | spec.rateLimit.total.requests is missing, expected 1 to 1000000
          rateLimit: {perIdentity: {requests: 0}}                          | spec.rateLimit.perIdentity.requests is 0, expected 1 to 1000000
          rateLimit: {perIdentity: {requests: 1, burst: 0}}                | spec.rateLimit.perIdentity.burst is 0, expected 1 to 1000000
          loadBalancing: {algorithm: RingHash}                             | spec.loadBalancing.hashOn names 0 keys, expected exactly one
          loadBalancing: {algorithm: RingHash, hashOn: {header: a, cookie: b}} | spec.loadBalancing.hashOn names 2 keys, expected exactly one
          loadBalancing: {algorithm: RingHash, hashOn: {header: ' '}}      | spec.loadBalancing.hashOn.header is missing
          loadBalancing: {hashOn: {header: a}}                             | spec.loadBalancing.hashOn is set, expected only with algorithm RingHash
          loadBalancing: {algorithm: RingHash, slowStart: 1s, hashOn: {sourceAddress: true}} | spec.loadBalancing.slowStart is 1s, expected none with algorithm RingHash
          outlierEjection: {consecutiveFailures: 0}                        | spec.outlierEjection.consecutiveFailures is 0, and there is no successRate either
          outlierEjection: {consecutiveFailures: -1}                       | spec.outlierEjection.consecutiveFailures is -1, expected 0 to 1000
          outlierEjection: {baseEjectionTime: 0s}                          | spec.outlierEjection.baseEjectionTime is 0, expected more
          outlierEjection: {maxEjectionTime: 5s}                           | spec.outlierEjection.maxEjectionTime is 5s, expected no less than spec.outlierEjection.baseEjectionTime, which is 10s
          outlierEjection: {maxEjectedPercent: 101}                        | spec.outlierEjection.maxEjectedPercent is 101, expected 0 to 100
          outlierEjection: {successRate: {window: 500ms}}                  | spec.outlierEjection.successRate.window is 500ms, expected 1s to 1h
          outlierEjection: {successRate: {minPercent: 0}}                  | spec.outlierEjection.successRate.minPercent is 0, expected 1 to 100
          outlierEjection: {successRate: {minRequests: 0}}                 | spec.outlierEjection.successRate.minRequests is 0, expected 1 to 1000000
          limits: {connections: 0}                                         | spec.limits.connections is 0, expected 1 to 1000000
          limits: {perClientPod: {concurrentRequests: 0}}                  | spec.limits.perClientPod.concurrentRequests is 0, expected 1 to 1000000
          """)
  void whatMakesNoSenseClosesTheDoor(String spec, String message) {
    add("{name: echo}", spec);

    assertThat(problems)
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("500"));
    assertThat(policies.of(ECHO)).isInstanceOf(Ruling.Broken.class);
    assertThat(policies.backends()).isEmpty();
  }

  @Test
  void listsAreBoundedEvenInAFileThatNoApiServerHasSeen() {
    add("{name: echo}", "retries: {statusCodes: [" + "503, ".repeat(32) + "503]}");

    assertThat(problems)
        .singleElement()
        .satisfies(problem ->
            assertThat(problem.message())
                .startsWith("spec.retries.statusCodes has 33 entries, expected at most 32"));
  }

  @Test
  void aPolicyOfARouteReplacesSectionsOfTheServicesPolicy() {
    add("{name: echo}", "timeouts: {request: 10s, perTry: 1s}\nretries: {attempts: 1}");
    add("{kind: HTTPRoute, name: paths}", "timeouts: {request: 2s}");

    assertThat(problems).isEmpty();
    RequestPolicy byRoute =
        requests(
            policies.of(new RouteOrigin(RouteOrigin.Kind.HTTP_ROUTE, "shop", "paths", 3), ECHO));
    assertThat(byRoute.timeouts()).isEqualTo(new Timeouts(Duration.ofSeconds(2), Duration.ZERO));
    assertThat(byRoute.retries().attempts()).isEqualTo(1);
    assertThat(requests(policies.of(ECHO)).timeouts().request()).isEqualTo(Duration.ofSeconds(10));
    assertThat(requests(policies.of(ROUTE, new ServiceKey("shop", "other"))).retries())
        .isEqualTo(RetryPolicy.DEFAULT);
  }

  @Test
  void aRouteOfAnotherKindIsAnotherRoute() {
    add("{kind: GRPCRoute, name: paths}", "retries: {attempts: 0}");

    assertThat(requests(policies.of(ROUTE, ECHO))).isEqualTo(RequestPolicy.DEFAULT);
    assertThat(
            requests(
                    policies.of(
                        new RouteOrigin(RouteOrigin.Kind.GRPC_ROUTE, "shop", "paths", 0), ECHO))
                .retries()
                .attempts())
        .isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          loadBalancing: {algorithm: RoundRobin} | spec.loadBalancing
          outlierEjection: {}                    | spec.outlierEjection
          limits: {connections: 1}               | spec.limits
          timeouts: {connect: 1s}                | spec.timeouts.connect
          timeouts: {idle: 1s}                   | spec.timeouts.idle
          """)
  void whatBelongsToConnectionsIsRefusedForARoute(String spec, String field) {
    add("{kind: HTTPRoute, name: paths}", spec);

    assertThat(problems)
        .extracting(Problem::toString)
        .containsExactly(
            "TrafficPolicy shop/p0: "
                + field
                + " is set for HTTPRoute shop/paths, expected only for a Service, whose connections"
                + " it is about: write it in a policy with targetRef.kind Service; until it is"
                + " corrected, requests that go by the route are answered with 500");
    assertThat(policies.of(ROUTE, ECHO)).isInstanceOf(Ruling.Broken.class);
    assertThat(requests(policies.of(ECHO))).isEqualTo(RequestPolicy.DEFAULT);
  }

  @Test
  void aBrokenPolicyOfTheServiceHoldsForItsRoutesToo() {
    add("{name: echo}", "retries: {attempts: 99}");
    add("{kind: HTTPRoute, name: paths}", "retries: {attempts: 1}");

    assertThat(policies.of(ROUTE, ECHO)).isInstanceOf(Ruling.Broken.class);
  }

  @Test
  void aPolicyOfARouteThatDoesNotExistIsReportedAndDoesNothing() {
    add("{kind: HTTPRoute, name: gone}", "retries: {attempts: 99}");

    assertThat(problems)
        .extracting(Problem::toString)
        .containsExactly(
            "TrafficPolicy shop/p0: spec.targetRef.name is \"gone\", but there is no HTTPRoute"
                + " shop/gone; this object does nothing until that is mended");
  }

  @Test
  void ofTwoPoliciesOfOneRouteTheFirstIsInForce() {
    add("{kind: HTTPRoute, name: paths}", "retries: {attempts: 1}");
    add("{kind: HTTPRoute, name: paths}", "retries: {attempts: 2}");

    assertThat(requests(policies.of(ROUTE, ECHO)).retries().attempts()).isEqualTo(1);
    assertThat(problems)
        .extracting(Problem::toString)
        .containsExactly(
            "TrafficPolicy shop/p1: spec.targetRef.name is \"paths\", which the older TrafficPolicy"
                + " shop/p0 speaks of already; this object does nothing until that is mended");
  }

  private int count;

  private void add(String target, String spec) {
    String manifest =
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: TrafficPolicy
        metadata: {name: pCOUNT, namespace: shop}
        spec:
          targetRef: TARGET
        """
                .replace("COUNT", String.valueOf(count++))
                .replace("TARGET", target)
            + spec.indent(2);
    policies.add(Written.of(ManifestText.read(manifest).of(TrafficPolicy.class).getFirst()));
  }

  private static RequestPolicy requests(Ruling ruling) {
    return switch (ruling) {
      case Ruling.InForce(RequestPolicy requests) -> requests;
      case Ruling.Broken(Written<?> object) -> throw new AssertionError(object + " is broken");
    };
  }
}
