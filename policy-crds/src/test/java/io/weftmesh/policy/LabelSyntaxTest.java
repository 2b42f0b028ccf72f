package io.weftmesh.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelSyntaxTest {
  private static final String LONGEST = "a".repeat(63);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "version",
        "a",
        "V_1.2-x",
        "app.kubernetes.io/version",
        "example.com/A",
        "x-1/0",
      })
  void takesKeys(String key) {
    assertThat(LabelSyntax.isKey(key)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/version",
        "example.com/",
        "a/b/c",
        "Example.com/version",
        "example..com/version",
        "-example.com/version",
        "exa_mple.com/version",
        "-version",
        "version.",
        "ver sion",
        "version=2",
        "version,a",
        "version]",
        "vérsion",
      })
  void refusesWhatIsNoKey(String key) {
    assertThat(LabelSyntax.isKey(key)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "v2", "2", "1.2_3-rc", "A"})
  void takesValues(String value) {
    assertThat(LabelSyntax.isValue(value)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "v2-", ".v2", "a/b", "a b", "a=b", "a,b", "a]", "ü"})
  void refusesWhatIsNoValue(String value) {
    assertThat(LabelSyntax.isValue(value)).isFalse();
  }

  @Test
  void boundsTheLength() {
    String domain = (LONGEST + ".").repeat(3) + "b".repeat(61);

    assertThat(LabelSyntax.isValue(LONGEST)).isTrue();
    assertThat(LabelSyntax.isValue(LONGEST + "a")).isFalse();
    assertThat(domain).hasSize(253);
    assertThat(LabelSyntax.isKey(domain + "/" + LONGEST)).isTrue();
    assertThat(LabelSyntax.isKey(domain + "b/" + LONGEST)).isFalse();
    assertThat(LabelSyntax.isKey(domain + "/" + LONGEST + "a")).isFalse();
  }
}
