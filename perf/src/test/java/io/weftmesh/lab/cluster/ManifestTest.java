package io.weftmesh.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestTest {
  private static final Manifest POD =
      Manifest.parse(
          """
          kind: Pod
          metadata:
            name: a
            namespace: shop
            labels: {app: echo, version: "1"}
          spec:
            containers:
              - name: app
                args: [x, 1]
          """);

  @Test
  void readsWhatStandsAtAPath() {
    assertThat(POD.key()).isEqualTo(new ObjectKey("Pod", "shop", "a"));
    assertThat(POD.text("metadata", "labels", "version")).contains("1");
    assertThat(POD.text("metadata", "nothing", "here")).isEmpty();
    assertThat(POD.textMap("metadata", "labels")).containsEntry("app", "echo").hasSize(2);
    assertThat(POD.parts("spec", "containers").getFirst().texts("args")).containsExactly("x", "1");
  }

  @Test
  void changeLeavesTheOriginalAsItWas() {
    Manifest changed = POD.with("node-1", "metadata", "more");
    assertThat(changed.text("metadata", "more")).contains("node-1");
    assertThat(POD.has("metadata", "more")).isFalse();
    assertThat(changed.without("metadata", "more")).isEqualTo(POD);
    assertThat(POD.without("spec", "missing", "deeper")).isEqualTo(POD);
    assertThat(POD.withDefault("other", "metadata", "namespace")).isEqualTo(POD);
  }

  @Test
  void writtenYamlIsReadBackAsTheSame() {
    Manifest tricky = POD.with(List.of("True", "1", "null", "a: b", ""), "spec", "texts");
    Manifest back = Manifest.parse(tricky.toYaml());
    assertThat(back).isEqualTo(tricky);
    assertThat(back.texts("spec", "texts")).containsExactly("True", "1", "null", "a: b", "");
  }

  @Test
  void severalDocumentsAreSeveralObjects() {
    assertThat(Manifest.parseAll("---\n" + POD.toYaml() + "---\n---\n" + POD.toYaml())).hasSize(2);
  }

  @Test
  void whatIsNoObjectIsRefused() {
    assertThatThrownBy(() -> Manifest.parseAll("- a\n- b\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a Kubernetes object");
    assertThatThrownBy(() -> Manifest.parseAll("kind: Pod\n"))
        .hasMessageContaining("metadata.name is missing");
  }
}
