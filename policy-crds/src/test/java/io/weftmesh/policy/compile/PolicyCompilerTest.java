package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.model.WithoutIdentity;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyCompilerTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final ServicePortKey ECHO_TCP = new ServicePortKey("shop", "echo", 9090);

  private final Map<ServiceKey, ServiceShape> services =
      new HashMap<>(
          Map.of(
              ECHO.service(),
              clusterIp(80, 9090),
              new ServiceKey("shop", "echo-v1"),
              clusterIp(80, 9090),
              new ServiceKey("shop", "echo-v2"),
              clusterIp(80, 8080),
              new ServiceKey("other", "far"),
              clusterIp(80, 9090),
              new ServiceKey("shop", "db"),
              new ServiceShape(ServiceShape.Type.HEADLESS, Set.of(80)),
              new ServiceKey("shop", "out"),
              new ServiceShape(ServiceShape.Type.EXTERNAL_NAME, Set.of())));

  @Test
  void shiftsEveryPortToTheSamePortOfTheBackends() {
    Compiled compiled =
        compile(
            shift(
                "echo",
                "service: echo",
                "{service: echo-v1, weight: 90}",
                "{service: far, namespace: other, weight: 10}"));

    assertThat(compiled.problems()).isEmpty();
    assertThat(rule(compiled, ECHO).origin()).hasToString("TrafficShift shop/echo");
    assertThat(rule(compiled, ECHO).backends().backends())
        .containsExactly(to("shop", "echo-v1", 80, 90), to("other", "far", 80, 10));
    assertThat(rule(compiled, ECHO_TCP).backends().backends())
        .containsExactly(to("shop", "echo-v1", 9090, 90), to("other", "far", 9090, 10));
    assertThat(rule(compiled, ECHO).retries()).isEqualTo(RetryPolicy.DEFAULT);
  }

  @Test
  void shiftsOnePortAloneToTheOneThatIsGiven() {
    Compiled compiled =
        compile(
            shift(
                "echo", "{service: echo, port: 80}", "{service: echo-v2, port: 8080, weight: 1}"));

    assertThat(compiled.routes()).containsOnlyKeys(ECHO);
    assertThat(rule(compiled, ECHO).backends().backends())
        .containsExactly(to("shop", "echo-v2", 8080, 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {service: gone, weight: 10}                | BackendNotFound    | spec.backends[1].service names Service shop/gone, which does not exist
          {service: db, weight: 10}                  | UnsupportedBackend | spec.backends[1].service names Service shop/db, which is headless
          {service: out, weight: 10}                 | UnsupportedBackend | spec.backends[1].service names Service shop/out, which is an ExternalName
          {service: echo-v2, port: 81, weight: 10}   | BackendNotFound    | spec.backends[1].port is 81, expected a TCP port of Service shop/echo-v2, which has 80, 8080
          """)
  void theShareOfABackendThatCannotBeResolvedIsNobodyElses(
      String backend, String reason, String message) {
    Compiled compiled =
        compile(
            shift("echo", "{service: echo, port: 80}", "{service: echo-v1, weight: 90}", backend));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.reason().text()).isEqualTo(reason);
          assertThat(problem.reason().condition()).isEqualTo("ResolvedRefs");
          assertThat(problem.message()).startsWith(message).contains("500");
        });
    List<WeightedBackend> backends = rule(compiled, ECHO).backends().backends();
    assertThat(backends).extracting(WeightedBackend::weight).containsExactly(90, 10);
    assertThat(backends.get(1).backend()).isInstanceOf(Backend.Unresolvable.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {service: echo-v1, weight: 1000001}                               | spec.backends[0].weight is 1000001, expected 0 to 1000000
          {service: echo-v1, weight: -1}                                    | spec.backends[0].weight is -1, expected 0 to 1000000
          {service: echo-v1}                                                | spec.backends[0].weight is missing
          {service: echo-v1, weight: 0}                                     | spec.backends have no weight above 0
          {service: echo-v1, port: 0, weight: 1}                            | spec.backends[0].port is 0, expected 1 to 65535
          {service: echo-v1, weight: 1}, {service: echo-v1, weight: 2}      | spec.backends[1] stands there twice
          ''                                                                | spec.backends has 0 entries, expected 1 to 16
          """)
  void aShiftThatMakesNoSenseClosesTheDoor(String backends, String message) {
    Compiled compiled =
        compile(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficShift
            metadata: {name: echo, namespace: shop}
            spec: {service: echo, backends: [%s]}
            """
                .replace("%s", backends));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.reason().text()).isEqualTo("Invalid");
          assertThat(problem.message()).startsWith(message).contains("500");
        });
    assertThat(rule(compiled, ECHO).backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
    assertThat(rule(compiled, ECHO_TCP).backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          service: gone               | TargetNotFound    | spec.service is "gone", but there is no Service shop/gone
          service: db                 | UnsupportedTarget | spec.service is "db", which is headless
          service: out                | UnsupportedTarget | spec.service is "out", which is an ExternalName
          {service: echo, port: 81}   | TargetNotFound    | spec.port is 81, expected a TCP port of Service shop/echo, which has 80, 9090
          service: ''                 | Invalid           | spec.service is missing
          """)
  void aShiftOfNothingIsReportedAndDoesNothing(String target, String reason, String message) {
    Compiled compiled = compile(shift("x", target, "{service: echo-v1, weight: 1}"));

    assertThat(compiled.routes()).isEmpty();
    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.reason().text()).isEqualTo(reason);
          assertThat(problem.message()).startsWith(message).contains("does nothing");
        });
  }

  @Test
  void shiftsOnlyRequestsThatHaveAllHeaders() {
    Compiled compiled =
        compile(
            shift(
                "echo",
                "service: echo, port: 80, match: (headers: [(name: X-Tester, value: 'yes'),"
                    + " (name: x-team, value: a)])",
                "{service: echo-v2, weight: 1}"));

    assertThat(compiled.problems()).isEmpty();
    RouteTable table = compiled.routes().get(ECHO).producer();
    assertThat(table.byPrecedence())
        .extracting(entry -> entry.match().headers() + " " + entry.rule().origin())
        .containsExactly(
            "[header x-tester = yes, header x-team = a] TrafficShift shop/echo",
            "[] Service shop/echo");
    assertThat(table.connection().origin()).hasToString("Service shop/echo");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ()                                                             | spec.match.headers has 0 entries, expected 1 to 16
          (headers: [(name: 'a b', value: c)])                           | spec.match.headers[0].name is "a b", expected the name of a header
          (headers: [(value: c)])                                        | spec.match.headers[0].name is missing
          (headers: [(name: a)])                                         | spec.match.headers[0].value is missing
          (headers: [(name: a, value: b), (name: A, value: b)])          | spec.match.headers[1].name is "A", which stands there twice
          """)
  void aMatchThatMakesNoSenseShiftsNothingAndClosesTheDoor(String match, String message) {
    Compiled compiled =
        compile(shift("echo", "service: echo, match: " + match, "{service: echo-v1, weight: 1}"));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("500"));
    assertThat(rule(compiled, ECHO).backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
  }

  @Test
  void ofTwoShiftsOfOneServiceTheOlderIsInForce() {
    Compiled compiled =
        compile(
            created(shift("a", "service: echo", "{service: echo-v2, port: 80, weight: 1}"), 2026),
            created(shift("b", "service: echo", "{service: echo-v1, weight: 1}"), 2025));

    assertThat(rule(compiled, ECHO).origin().name()).isEqualTo("b");
    assertThat(compiled.problems())
        .extracting(Problem::toString)
        .containsExactly(
            "TrafficShift shop/a: spec.service is \"echo\", which the older TrafficShift shop/b"
                + " speaks of already; this object does nothing until that is mended");
  }

  @Test
  void ofTwoOfOneAgeTheFirstByNameIsInForceEvenIfItIsBroken() {
    Compiled compiled =
        compile(
            shift("b", "service: echo", "{service: echo-v1, weight: 1}"),
            shift("a", "service: echo", "{service: echo-v1, weight: 0}"));

    assertThat(rule(compiled, ECHO).backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
    assertThat(compiled.problems())
        .extracting(problem -> problem.reason().text())
        .containsExactly("Invalid", "Conflicted");
  }

  @Test
  void aPolicyTunesRequestsOfItsTargetAndConnectionsToIt() {
    Compiled compiled =
        compile(
            policy(
                "echo",
                """
                timeouts: {request: 10s, perTry: 2s500ms, connect: 250ms, idle: 0s}
                retries:
                  attempts: 2
                  statusCodes: [502, 503]
                  nonIdempotent: true
                  backoff: {base: 1s}
                  budget: {percent: 50}
                loadBalancing: {algorithm: PeakEwma}
                """));

    assertThat(compiled.problems()).isEmpty();
    RouteRule rule = rule(compiled, ECHO);
    assertThat(rule.origin()).hasToString("Service shop/echo");
    assertThat(rule.backends().next().backend()).isEqualTo(new Backend.Service(ECHO));
    assertThat(rule.timeouts())
        .isEqualTo(new Timeouts(Duration.ofSeconds(10), Duration.ofMillis(2500)));
    assertThat(rule.retries())
        .isEqualTo(
            new RetryPolicy(
                2,
                Set.of(502, 503),
                true,
                new RetryPolicy.Backoff(Duration.ofSeconds(1), Duration.ofSeconds(1)),
                new RetryPolicy.Budget(0.5, 10)));
    assertThat(compiled.backends())
        .containsOnly(
            Map.entry(
                ECHO.service(),
                new BackendSettings(
                    Duration.ofMillis(250), Duration.ZERO, LoadBalancing.PEAK_EWMA)));
  }

  @Test
  void aPolicyHoldsForTheShiftOfItsTargetToo() {
    Compiled compiled =
        compile(
            policy("echo", "retries: {attempts: 0}\n"),
            shift("echo", "service: echo", "{service: echo-v1, weight: 1}"));

    assertThat(rule(compiled, ECHO).origin()).hasToString("TrafficShift shop/echo");
    assertThat(rule(compiled, ECHO).retries().attempts()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          timeouts: {request: 10}                            | spec.timeouts.request is "10", expected a duration such as 250ms
          timeouts: {request: 1.5s}                          | spec.timeouts.request is "1.5s", expected a duration
          timeouts: {request: 1s, perTry: 2s}                | spec.timeouts.perTry is 2s, expected no more than spec.timeouts.request, which is 1s
          timeouts: {connect: 0s}                            | spec.timeouts.connect is 0
          retries: {attempts: 11}                            | spec.retries.attempts is 11, expected 0 to 10
          retries: {statusCodes: [503, 200]}                 | spec.retries.statusCodes[1] is 200, expected 400 to 599
          retries: {backoff: {base: 2s, max: 1s}}            | spec.retries.backoff.max is 1s, expected no less than spec.retries.backoff.base, which is 2s
          retries: {budget: {percent: 101}}                  | spec.retries.budget.percent is 101, expected 0 to 100
          """)
  void aPolicyThatMakesNoSenseClosesTheDoor(String spec, String message) {
    Compiled compiled = compile(policy("echo", spec + "\n"));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("500"));
    assertThat(rule(compiled, ECHO).origin()).hasToString("TrafficPolicy shop/echo");
    assertThat(rule(compiled, ECHO).backends().next().backend())
        .isInstanceOf(Backend.Unresolvable.class);
    assertThat(compiled.backends()).isEmpty();
  }

  @Test
  void ofTwoPoliciesOfOneServiceTheFirstIsInForce() {
    Compiled compiled =
        compile(
            policy("echo", "retries: {attempts: 1}\n"),
            policy("echo", "retries: {attempts: 2}\n").replace("name: echo, n", "name: a, n"));

    assertThat(rule(compiled, ECHO).retries().attempts()).isEqualTo(2);
    assertThat(compiled.problems())
        .extracting(problem -> problem.reason().text())
        .containsExactly("Conflicted");
  }

  @Test
  void meshSecurityHoldsForMeshNamespaceWorkloadAndPort() {
    Compiled compiled =
        compile(
            security("weft-system", "mode: STRICT\n"),
            security("shop", "mode: PERMISSIVE\nwithoutIdentity: passthrough\n"),
            security(
                "pay",
                "selector: {matchLabels: {app: db}}\nports: [{port: 5432, mode: PERMISSIVE}]\n"));

    assertThat(compiled.problems()).isEmpty();
    assertThat(compiled.security().of("x", Map.of()).mode()).isEqualTo(InboundMode.STRICT);
    assertThat(compiled.security().of("shop", Map.of()).mode()).isEqualTo(InboundMode.PERMISSIVE);
    assertThat(compiled.security().of("shop", Map.of()).withoutIdentity())
        .isEqualTo(WithoutIdentity.PASSTHROUGH);
    assertThat(compiled.security().of("pay", Map.of("app", "db")).mode(5432))
        .isEqualTo(InboundMode.PERMISSIVE);
    assertThat(compiled.security().of("pay", Map.of("app", "web")).mode(5432))
        .isEqualTo(InboundMode.STRICT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                                          | spec says nothing
          {mode: PERMISSIVE, selector: {matchLabels: {}}}                             | spec.selector.matchLabels is empty
          {mode: PERMISSIVE, ports: [{port: 0, mode: STRICT}]}                        | spec.ports[0].port is 0, expected 1 to 65535
          {ports: [{port: 80, mode: PERMISSIVE}, {port: 80, mode: PERMISSIVE}]}       | spec.ports[1].port is 80, which stands there twice
          {mode: PERMISSIVE, ports: [{port: 80}]}                                     | spec.ports[0] lacks its port or its mode
          """)
  void aSecurityThatMakesNoSenseIsStrict(String spec, String message) {
    Compiled compiled =
        compile(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: MeshSecurity
            metadata: {name: s, namespace: shop}
            spec: %s
            """
                .replace("%s", spec));

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).startsWith(message).contains("STRICT"));
    assertThat(compiled.security().of("shop", Map.of()).mode(80)).isEqualTo(InboundMode.STRICT);
    assertThat(compiled.security().of("other", Map.of()).mode(80))
        .isEqualTo(InboundMode.PERMISSIVE);
  }

  @Test
  void anObjectWithoutASpecIsReported() {
    Compiled compiled =
        compile(
            "apiVersion: policy.weftmesh.io/v1alpha1\nkind: TrafficShift\nmetadata: {name: a}\n",
            "apiVersion: policy.weftmesh.io/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: a}\n",
            "apiVersion: policy.weftmesh.io/v1alpha1\nkind: MeshSecurity\nmetadata: {name: a}\n");

    assertThat(compiled.problems())
        .extracting(Problem::field)
        .containsExactly("spec.service", "spec.targetRef.name", "spec");
    assertThat(compiled.security().of("default", Map.of()).mode()).isEqualTo(InboundMode.STRICT);
  }

  @Test
  void whatDidNotChangeIsTheSameObjectAfterwards() {
    String kept = shift("echo", "service: echo", "{service: echo-v1, weight: 1}");
    Compiled before = compile(kept, policy("echo-v1", "retries: {attempts: 1}\n"));

    Compiled after = compile(kept, policy("echo-v1", "retries: {attempts: 2}\n")).keeping(before);

    assertThat(after.routes().get(ECHO)).isSameAs(before.routes().get(ECHO));
    ServicePortKey tuned = new ServicePortKey("shop", "echo-v1", 80);
    assertThat(after.routes().get(tuned)).isNotEqualTo(before.routes().get(tuned));
  }

  private Compiled compile(String... manifests) {
    ManifestText text = ManifestText.read(String.join("---\n", manifests));
    return PolicyCompiler.compile(
        new PolicyObjects(
            List.of(),
            text.of(TrafficShift.class).stream().map(Written::of).toList(),
            text.of(TrafficPolicy.class).stream().map(Written::of).toList(),
            text.of(MeshSecurity.class).stream().map(Written::of).toList(),
            text.of(AccessPolicy.class).stream().map(Written::of).toList()),
        services::get);
  }

  private static RouteRule rule(Compiled compiled, ServicePortKey port) {
    RouteRule rule = compiled.routes().get(port).producer().connection();
    assertThat(compiled.routes().get(port).producer().byPrecedence())
        .singleElement()
        .satisfies(entry -> assertThat(entry.rule()).isSameAs(rule));
    return rule;
  }

  private static WeightedBackend to(String namespace, String service, int port, int weight) {
    return new WeightedBackend(
        new Backend.Service(new ServicePortKey(namespace, service, port)), weight);
  }

  private static ServiceShape clusterIp(Integer... ports) {
    return new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(ports));
  }

  private static String shift(String name, String target, String... backends) {
    return """
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: TrafficShift
    metadata: {name: NAME, namespace: shop}
    spec: {TARGET, backends: [BACKENDS]}
    """
        .replace("NAME", name)
        .replace(
            "TARGET", target.replace("{", "").replace("}", "").replace('(', '{').replace(')', '}'))
        .replace("BACKENDS", String.join(", ", backends));
  }

  private static String created(String manifest, int year) {
    return manifest.replace(
        "namespace: shop}",
        "namespace: shop, creationTimestamp: \"" + year + "-01-01T00:00:00Z\"}");
  }

  private static String policy(String service, String spec) {
    return """
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: TrafficPolicy
    metadata: {name: SERVICE, namespace: shop}
    spec:
      targetRef: {name: SERVICE}
    """
            .replace("SERVICE", service)
        + spec.indent(2);
  }

  private static String security(String namespace, String spec) {
    return """
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: MeshSecurity
    metadata: {name: default, namespace: NAMESPACE}
    spec:
    """
            .replace("NAMESPACE", namespace)
        + spec.indent(2);
  }
}
