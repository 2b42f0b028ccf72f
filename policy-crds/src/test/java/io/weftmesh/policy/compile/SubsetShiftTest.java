package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A {@code TrafficShift} whose backends are parts of a Service, by the labels of its pods. */
class SubsetShiftTest {
  private static final ServicePortKey ECHO = new ServicePortKey("shop", "echo", 80);
  private static final ServicePortKey ECHO_TCP = new ServicePortKey("shop", "echo", 9090);
  private static final Map<ServiceKey, ServiceShape> SERVICES =
      Map.of(
          ECHO.service(),
          new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(80, 9090)),
          new ServiceKey("lab", "next"),
          new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(8080)));

  @Test
  void labelsAloneNamePodsOfTheServiceThatIsShifted() {
    Compiled compiled =
        compile("{labels: {version: v1}, weight: 90}, {labels: {version: v2}, weight: 10}");

    assertThat(compiled.problems()).isEmpty();
    assertThat(backends(compiled, ECHO))
        .containsExactly(
            new WeightedBackend(subset(ECHO, Map.of("version", "v1")), 90),
            new WeightedBackend(subset(ECHO, Map.of("version", "v2")), 10));
    assertThat(backends(compiled, ECHO_TCP))
        .extracting(weighted -> weighted.backend().toString())
        .containsExactly("shop/echo:9090[version=v1]", "shop/echo:9090[version=v2]");
    assertThat(compiled.subsets())
        .containsExactlyInAnyOrder(
            subset(ECHO, Map.of("version", "v1")),
            subset(ECHO, Map.of("version", "v2")),
            subset(ECHO_TCP, Map.of("version", "v1")),
            subset(ECHO_TCP, Map.of("version", "v2")));
  }

  @Test
  void labelsBesideAServiceNamePodsOfThatOne() {
    Compiled compiled =
        compile(
            "{service: echo, weight: 1},"
                + " {service: next, namespace: lab, port: 8080, weight: 1,"
                + " labels: {version: v2, tier: web}}");

    assertThat(compiled.problems()).isEmpty();
    assertThat(backends(compiled, ECHO))
        .extracting(weighted -> weighted.backend().toString())
        .containsExactly("shop/echo:80", "lab/next:8080[tier=web,version=v2]");
    assertThat(compiled.subsets())
        .extracting(Backend.Service::toString)
        .containsExactly("lab/next:8080[tier=web,version=v2]");
  }

  @Test
  void aSubsetIsThePodsThatHaveAllLabels() {
    Backend.Service subset = subset(ECHO, Map.of("version", "v2", "tier", "web"));

    assertThat(subset.admits(Map.of("version", "v2", "tier", "web", "app", "echo"))).isTrue();
    assertThat(subset.admits(Map.of("version", "v2", "tier", "db"))).isFalse();
    assertThat(subset.admits(Map.of("version", "v2"))).isFalse();
    assertThat(subset.admits(Map.of())).isFalse();
    assertThat(new Backend.Service(ECHO).admits(Map.of())).isTrue();
  }

  @Test
  void subsetsAreEqualThatHaveTheSameLabelsInAnyOrder() {
    Backend.Service subset = subset(ECHO, Map.of("version", "v2", "tier", "web"));

    assertThat(subset)
        .isEqualTo(subset(ECHO, Map.of("tier", "web", "version", "v2")))
        .hasSameHashCodeAs(subset(ECHO, Map.of("tier", "web", "version", "v2")))
        .isNotEqualTo(subset(ECHO, Map.of("version", "v2")))
        .isNotEqualTo(new Backend.Service(ECHO))
        .isNotEqualTo(subset(ECHO_TCP, Map.of("version", "v2", "tier", "web")));
  }

  @Test
  void asksForTheKeysOfAllBackends() {
    assertThat(
            Subsets.keysAskedFor(
                spec(
                    "{labels: {version: v1, example.com/tier: web}, weight: 1},"
                        + " {labels: {version: v2, track: canary}, weight: 1},"
                        + " {service: echo, weight: 1}")))
        .containsExactly("example.com/tier", "track", "version");
    assertThat(Subsets.keysAskedFor(spec("{labels: {'not a key': v1}, weight: 1}"))).isEmpty();
    assertThat(Subsets.keysAskedFor(spec("{service: echo, weight: 1}"))).isEmpty();
    assertThat(
            Subsets.keysAskedFor(
                spec(
                    "{labels: {a: b, c: d, e: f, g: h}, weight: 1},"
                        + " {labels: {i: j, k: l, m: n, o: p, q: r}, weight: 1}")))
        .as("which is invalid")
        .isEmpty();
    assertThat(Subsets.keysAskedFor(null)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {weight: 1}                                         | spec.backends[0] names neither a service nor labels, expected one of them
          {labels: {}, weight: 1}                             | spec.backends[0].labels is empty, expected labels
          {namespace: lab, labels: {a: b}, weight: 1}         | spec.backends[0].namespace is "lab" without a service
          {labels: {"-version": v1}, weight: 1}               | spec.backends[0].labels has the key "-version", expected a label's
          {labels: {version: "v 1"}, weight: 1}               | spec.backends[0].labels has version with the value "v 1", expected at most 63 letters
          {labels: {version: }, weight: 1}                    | spec.backends[0].labels has version without a value
          {labels: {a: b}, weight: 1}, {labels: {a: b}, weight: 2} | spec.backends[1] stands there twice
          {labels: {a: b}}                                    | spec.backends[0].weight is missing
          {labels: {a: b, c: d, e: f, g: h, i: j, k: l, m: n, o: p, q: r}, weight: 1} | spec.backends[0].labels has 9 entries, expected at most 8
          {labels: {a: b, c: d, e: f, g: h}, weight: 1}, {labels: {i: j, k: l, m: n, o: p, q: r}, weight: 1} | spec.backends ask for pods by 9 different labels, [a, c, e, g, i, k, m, o, q], expected at most 8 in one TrafficShift
          """)
  void labelsThatMakeNoSenseCloseTheDoor(String backends, String message) {
    Compiled compiled = compile(backends);

    assertThat(compiled.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.reason().text()).isEqualTo("Invalid");
          assertThat(problem.message()).startsWith(message).contains("500");
        });
    assertThat(backends(compiled, ECHO))
        .singleElement()
        .extracting(WeightedBackend::backend)
        .isInstanceOf(Backend.Unresolvable.class);
    assertThat(compiled.subsets()).isEmpty();
  }

  @Test
  void aSubsetOfAServiceThatIsGoneKeepsItsShare() {
    Compiled compiled =
        compile("{labels: {a: b}, weight: 9}, {service: gone, labels: {a: b}, weight: 1}");

    assertThat(compiled.problems())
        .extracting(problem -> problem.reason().text())
        .containsOnly("BackendNotFound");
    assertThat(backends(compiled, ECHO).get(1).backend()).isInstanceOf(Backend.Unresolvable.class);
  }

  @Test
  void anUnchangedShiftGoesOnWithItsDraw() {
    String backends = "{labels: {version: v1}, weight: 90}, {labels: {version: v2}, weight: 10}";
    Compiled before = compile(backends);

    assertThat(compile(backends).keeping(before).routes().get(ECHO))
        .isSameAs(before.routes().get(ECHO));
  }

  private static Backend.Service subset(ServicePortKey port, Map<String, String> labels) {
    return new Backend.Service(port, labels);
  }

  private static List<WeightedBackend> backends(Compiled compiled, ServicePortKey port) {
    return compiled.routes().get(port).producer().connection().backends().backends();
  }

  private static Compiled compile(String backends) {
    return PolicyCompiler.compile(
        new PolicyObjects(
            List.of(), List.of(Written.of(shift(backends))), List.of(), List.of(), List.of()),
        SERVICES::get);
  }

  private static TrafficShiftSpec spec(String backends) {
    return shift(backends).getSpec();
  }

  private static TrafficShift shift(String backends) {
    return ManifestText.read(
            """
            apiVersion: policy.weftmesh.io/v1alpha1
            kind: TrafficShift
            metadata: {name: echo, namespace: shop}
            spec: {service: echo, backends: [%s]}
            """
                .replace("%s", backends))
        .of(TrafficShift.class)
        .getFirst();
  }
}
