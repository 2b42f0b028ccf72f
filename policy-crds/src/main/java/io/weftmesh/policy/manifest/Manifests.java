package io.weftmesh.policy.manifest;

import java.util.List;

/**
 * What a manifest folder says at one moment. Immutable.
 *
 * @param objects each object once, in the order of file names and of documents within a file
 * @param problems everything that is wrong at this moment, not only what is new
 * @param complete whether every file was understood at least once. While this is false, objects are
 *     missing that nobody can know of, perhaps those that forbid something: a reader that has not
 *     started yet should wait.
 */
public record Manifests<T>(
    List<ManifestObject<T>> objects, List<ManifestProblem> problems, boolean complete) {

  public Manifests {
    objects = List.copyOf(objects);
    problems = List.copyOf(problems);
  }

  /** The values of one type, in order. */
  public <S extends T> List<S> values(Class<S> type) {
    return objects.stream()
        .map(ManifestObject::value)
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }
}
