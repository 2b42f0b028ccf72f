package io.weftmesh.policy.manifest;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;

/** Objects written as text in a test, read as a file would be. */
public record ManifestText(List<HasMetadata> objects, List<String> ignored) {

  /** Reads the text; what cannot be understood fails the test. */
  public static ManifestText read(String text) {
    try {
      ManifestReader.Read read = new ManifestReader(MeshKinds.ALL).read(text);
      return new ManifestText(
          read.objects().stream().map(ManifestReader.Found::object).toList(),
          read.ignored().stream().map(ManifestReader.Ignored::message).toList());
    } catch (ManifestException e) {
      throw new AssertionError("line " + e.line() + ": " + e.problem() + " in\n" + text, e);
    }
  }

  /** The objects of one type. */
  public <T extends HasMetadata> List<T> of(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
