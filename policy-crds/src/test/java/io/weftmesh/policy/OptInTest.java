package io.weftmesh.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptInTest {
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          shop,        ,         ,         false, Running,   NOT_LABELLED
          shop,        enabled,  ,         false, Running,   IN_BY_NAMESPACE
          shop,        disabled, ,         false, Running,   OUT_BY_NAMESPACE
          shop,        ,         enabled,  false, Running,   IN_BY_POD
          shop,        disabled, enabled,  false, Running,   IN_BY_POD
          shop,        enabled,  disabled, false, Running,   OUT_BY_POD
          shop,        enabled,  ,         false, Pending,   IN_BY_NAMESPACE
          shop,        enabled,  ,         false, ,          IN_BY_NAMESPACE
          shop,        enabled,  ,         false, Unknown,   IN_BY_NAMESPACE
          shop,        enabled,  ,         false, Succeeded, ENDED
          shop,        enabled,  enabled,  false, Failed,    ENDED
          shop,        enabled,  enabled,  true,  Running,   HOST_NETWORK
          kube-system, enabled,  enabled,  false, Running,   SYSTEM_NAMESPACE
          weft-system, enabled,  enabled,  false, Running,   SYSTEM_NAMESPACE
          shop,        enabled,  Disabled, false, Running,   IN_BY_NAMESPACE
          shop,        true,     ,         false, Running,   NOT_LABELLED
          """)
  void judges(
      String namespace,
      @Nullable String namespaceLabel,
      @Nullable String podLabel,
      boolean hostNetwork,
      @Nullable String phase,
      OptIn.Verdict expected) {
    OptIn.Verdict verdict =
        OptIn.judge(namespace, labels(namespaceLabel), labels(podLabel), hostNetwork, phase);
    assertThat(verdict).isEqualTo(expected);
    assertThat(verdict.in()).isEqualTo(expected.name().startsWith("IN_"));
  }

  @Test
  void namesAnInvalidLabelAndWhatWasExpected() {
    assertThat(OptIn.invalidLabel(labels("yes"))).get().asString().contains("yes", "enabled");
    assertThat(OptIn.invalidLabel(labels("enabled"))).isEmpty();
    assertThat(OptIn.invalidLabel(labels(null))).isEmpty();
  }

  private static Map<String, String> labels(@Nullable String value) {
    return value == null ? Map.of("app", "echo") : Map.of("app", "echo", OptIn.LABEL, value);
  }
}
