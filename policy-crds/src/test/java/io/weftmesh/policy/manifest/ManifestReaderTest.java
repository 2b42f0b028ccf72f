package io.weftmesh.policy.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestReaderTest {
  private final ManifestReader reader = new ManifestReader(MeshKinds.ALL);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          [1, 2]                                                             | 1 | expected an object with apiVersion and kind
          just text                                                          | 1 | expected an object
          kind: Pod                                                          | 1 | an object needs apiVersion
          apiVersion: v1\\nkind: 3                                           | 1 | an object needs kind, as text
          apiVersion: v1\\nkind: List\\nitems: {}                            | 1 | a List needs items
          apiVersion: v1\\nkind: Pod\\nkind: Pod                             | 3 | kind
          apiVersion: v1\\nkind: Pod\\nmetadata:\\n\\tname: x                | 4 | not YAML
          apiVersion: v1\\nkind: Pod\\n# \u007f\\nmetadata: {}                  | 3 | the character U+007F is not allowed
          apiVersion: v1\\nkind: Pod\\nmetadata: {{a: b}: c}                | 3 | a key must be plain text
          apiVersion: v1\\nkind: Pod\\nmetadata: !!int x                    | 3 | "x" is no value of tag
          apiVersion: v1\\nkind: Pod\\nmetadata: !!bool x                   | 3 | "x" is no value of tag
          %YAML 9.9\\n---\\nkind: Pod                                     | 0 | version 9.9
          apiVersion: v1\\nkind: Pod\\nmetadata: *nowhere                    | 3 | nowhere
          apiVersion: v1\\nkind: Pod\\nmetadata: !!python/object x           | 3 | tag
          apiVersion: v1\\nkind: Pod\\nmetadata: &a {name: *a}               | 3 | contains it
          apiVersion: v1\\nkind: Service\\nmetadata: {name: x}\\nspec:\\n  ports:\\n  - port: 80\\n  - port: http | 7 | Service spec.ports[1].port is "http", expected a whole number
          apiVersion: policy.weftmesh.io/v1alpha1\\nkind: MeshSecurity\\nmetadata: {name: x}\\nspec:\\n  mode: LOOSE | 5 | MeshSecurity spec.mode is "LOOSE", expected one of PERMISSIVE, STRICT
          apiVersion: policy.weftmesh.io/v1alpha1\\nkind: MeshSecurity\\nmetadata: {name: x}\\nspec:\\n  withoutIdentity: leave | 5 | expected one of passthrough, wait
          apiVersion: policy.weftmesh.io/v1alpha1\\nkind: TrafficShift\\nmetadata: {name: x}\\nspec:\\n  service: a\\n  backends:\\n  - wieght: 3 | 7 | TrafficShift spec.backends[0].wieght is not a field that exists here; expected labels, namespace, port, service, weight
          apiVersion: v1\\nkind: Service\\nmetadata: {name: x}\\nspec:\\n  ports: 80 | 5 | Service spec.ports has the wrong shape, expected a list
          """)
  void namesLineAndFault(String text, int line, String fault) {
    ManifestException e =
        catchThrowableOfType(
            ManifestException.class,
            () -> reader.read(text.replace("\\n", "\n").replace("\\t", "\t")));

    assertThat(e.problem()).contains(fault);
    assertThat(e.line()).isEqualTo(line);
  }

  @Test
  void aliasesWithinAliasesDoNotExpandForEver() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      bomb.append("a%d: &a%d [".formatted(i, i))
          .append("*a%d,".formatted(i - 1).repeat(4))
          .append("x]\n");
    }

    ManifestException e =
        catchThrowableOfType(ManifestException.class, () -> reader.read(bomb.toString()));

    assertThat(e.problem()).contains("alias");
  }

  @Test
  void nestingWithoutEndIsRefused() {
    ManifestException e =
        catchThrowableOfType(
            ManifestException.class, () -> reader.read("a: " + "[".repeat(200_000)));

    assertThat(e.problem()).contains("nested");
  }
}
