package io.weftmesh.policy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.manifest.ManifestText;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every example of docs/policies.md can be copied as it stands. */
class PoliciesPageTest {
  private static final Path PAGE = Path.of("..", "docs", "policies.md");

  @Test
  void everyExampleIsInForceByItself() throws IOException {
    List<String> examples = examples();
    assertThat(examples).hasSizeGreaterThanOrEqualTo(9);
    for (String example : examples) {
      ManifestText text = ManifestText.read(example);
      assertThat(text.ignored()).isEmpty();
      assertThat(text.objects()).as(example).hasSize(1);
      Compiled compiled =
          PolicyCompiler.compile(
              new PolicyObjects(
                  text.objects().stream()
                      .filter(RouteReader::reads)
                      .map(RouteReader::read)
                      .toList(),
                  text.of(TrafficShift.class).stream().map(Written::of).toList(),
                  text.of(TrafficPolicy.class).stream().map(Written::of).toList(),
                  text.of(MeshSecurity.class).stream().map(Written::of).toList(),
                  text.of(AccessPolicy.class).stream().map(Written::of).toList()),
              service -> new ServiceShape(ServiceShape.Type.CLUSTER_IP, Set.of(80, 8080)));
      assertThat(compiled.problems()).as(example).isEmpty();
    }
  }

  private static List<String> examples() throws IOException {
    List<String> examples = new ArrayList<>();
    StringBuilder example = null;
    for (String line : Files.readAllLines(PAGE)) {
      if (line.equals("```yaml")) {
        example = new StringBuilder();
      } else if (line.equals("```") && example != null) {
        examples.add(example.toString());
        example = null;
      } else if (example != null) {
        example.append(line).append('\n');
      }
    }
    return examples;
  }
}
