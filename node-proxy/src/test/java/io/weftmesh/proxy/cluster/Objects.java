package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.weftmesh.policy.manifest.ManifestDirectory;
import io.weftmesh.policy.manifest.ManifestObject;
import io.weftmesh.policy.manifest.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Objects written as YAML in a test, read and reduced as from a folder. */
final class Objects {
  private Objects() {}

  /** Reads the text; a problem fails the test. */
  static List<ClusterObject> read(String yaml) {
    Manifests<ClusterObject> manifests = manifests(yaml);
    if (!manifests.problems().isEmpty()) {
      throw new AssertionError(manifests.problems() + " in\n" + yaml);
    }
    return manifests.objects().stream().map(ManifestObject::value).toList();
  }

  /** Reads the text, with its problems. */
  static Manifests<ClusterObject> manifests(String yaml) {
    try {
      Path folder = Files.createTempDirectory("objects");
      Path file = folder.resolve("objects.yaml");
      try {
        Files.writeString(file, yaml);
        return ManifestDirectory.<ClusterObject>read(
                folder, Reduction.KINDS, (HasMetadata object) -> Reduction.reduce(object))
            .current();
      } finally {
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads the text, as objects that are not reduced. */
  static List<HasMetadata> typed(String yaml) {
    List<HasMetadata> objects = new ArrayList<>();
    try {
      Path folder = Files.createTempDirectory("objects");
      Path file = folder.resolve("objects.yaml");
      try {
        Files.writeString(file, yaml);
        ManifestDirectory.<HasMetadata>read(
            folder,
            Reduction.KINDS,
            object -> {
              objects.add(object);
              return object;
            });
      } finally {
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return objects;
  }
}
