package io.weftmesh.policy.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The CRDs of the chart are what the classes say. After a change of a class: {@code mvn test -pl
 * policy-crds -Dtest=CrdsTest -Dcrds.update=true}.
 */
class CrdsTest {
  private static final Path CHECKED_IN = Path.of("..", "helm", "weft", "crds");

  @TempDir Path scratch;

  @ParameterizedTest
  @ValueSource(
      classes = {TrafficShift.class, TrafficPolicy.class, MeshSecurity.class, AccessPolicy.class})
  void checkedInCrdIsWhatTheClassSays(Class<? extends PolicyObject<?>> type) throws IOException {
    String crd = CrdText.of(type, scratch);
    Path file = CHECKED_IN.resolve(HasMetadata.getFullResourceName(type) + ".yaml");
    if (Boolean.getBoolean("crds.update")) {
      Files.createDirectories(CHECKED_IN);
      Files.writeString(file, crd);
    }
    assertThat(file).content().isEqualTo(crd);
  }
}
