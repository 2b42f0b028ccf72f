package io.weftmesh.policy.model;

import static io.weftmesh.policy.model.InboundMode.PERMISSIVE;
import static io.weftmesh.policy.model.InboundMode.STRICT;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SecurityRulesTest {
  private static final Map<String, String> ECHO = Map.of("app", "echo", "version", "v1");

  @Test
  void nothingWrittenIsPermissive() {
    assertThat(SecurityRules.NONE.of("shop", ECHO)).isEqualTo(InboundSecurity.DEFAULT);
    assertThat(SecurityRules.NONE.towards("shop", 80)).isEqualTo(PERMISSIVE);
  }

  @Test
  void theNarrowerScopeWins() {
    SecurityRules rules =
        new SecurityRules(
            List.of(rule(Map.of(), STRICT)),
            Map.of(
                "shop", List.of(rule(Map.of(), PERMISSIVE), rule(Map.of("app", "echo"), STRICT))));

    assertThat(rules.of("other", ECHO).mode()).isEqualTo(STRICT);
    assertThat(rules.of("shop", Map.of("app", "web")).mode()).isEqualTo(PERMISSIVE);
    assertThat(rules.of("shop", ECHO).mode()).isEqualTo(STRICT);
  }

  @Test
  void aScopeThatSaysNothingLeavesItToTheWider() {
    SecurityRules rules =
        new SecurityRules(
            List.of(rule(Map.of(), STRICT)),
            Map.of(
                "shop",
                List.of(
                    new SecurityRule(
                        Map.of("app", "echo"),
                        Optional.empty(),
                        Map.of(9090, PERMISSIVE),
                        Optional.of(WithoutIdentity.PASSTHROUGH)))));

    InboundSecurity echo = rules.of("shop", ECHO);

    assertThat(echo.mode(80)).isEqualTo(STRICT);
    assertThat(echo.mode(9090)).isEqualTo(PERMISSIVE);
    assertThat(echo.withoutIdentity()).isEqualTo(WithoutIdentity.PASSTHROUGH);
  }

  @Test
  void aPortWinsOverEveryMode() {
    SecurityRules rules =
        new SecurityRules(
            List.of(
                new SecurityRule(
                    Map.of(), Optional.of(PERMISSIVE), Map.of(443, STRICT), Optional.empty())),
            Map.of("shop", List.of(rule(Map.of("app", "echo"), PERMISSIVE))));

    assertThat(rules.of("shop", ECHO).mode(443)).isEqualTo(STRICT);
    assertThat(rules.towards("shop", 443)).isEqualTo(STRICT);
    assertThat(rules.towards("shop", 80)).isEqualTo(PERMISSIVE);
  }

  @Test
  void ofTwoOfOneWidthTheStricterWins() {
    SecurityRules rules =
        new SecurityRules(
            List.of(),
            Map.of(
                "shop",
                List.of(
                    rule(Map.of("app", "echo"), STRICT),
                    rule(Map.of("version", "v1"), PERMISSIVE))));

    assertThat(rules.of("shop", ECHO).mode()).isEqualTo(STRICT);
  }

  @Test
  void whoeverDoesNotKnowTheLabelsReckonsWithTheStrictest() {
    SecurityRules rules =
        new SecurityRules(
            List.of(),
            Map.of(
                "shop",
                List.of(
                    rule(Map.of(), PERMISSIVE),
                    new SecurityRule(
                        Map.of("app", "db"),
                        Optional.empty(),
                        Map.of(5432, STRICT),
                        Optional.empty()))));

    assertThat(rules.towards("shop", 5432)).isEqualTo(STRICT);
    assertThat(rules.towards("shop", 80)).isEqualTo(PERMISSIVE);
    assertThat(rules.towards("other", 5432)).isEqualTo(PERMISSIVE);
  }

  @Test
  void aSelectorOfTheMeshHoldsInEveryNamespace() {
    SecurityRules rules = new SecurityRules(List.of(rule(Map.of("app", "echo"), STRICT)), Map.of());

    assertThat(rules.of("shop", ECHO).mode()).isEqualTo(STRICT);
    assertThat(rules.of("shop", Map.of()).mode()).isEqualTo(PERMISSIVE);
    assertThat(rules.towards("shop", 80)).isEqualTo(STRICT);
  }

  private static SecurityRule rule(Map<String, String> selector, @Nullable InboundMode mode) {
    return new SecurityRule(selector, Optional.ofNullable(mode), Map.of(), Optional.empty());
  }
}
