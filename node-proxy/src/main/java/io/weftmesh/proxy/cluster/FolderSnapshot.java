package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.manifest.ManifestDirectory;
import io.weftmesh.policy.manifest.ManifestObject;
import io.weftmesh.policy.manifest.ManifestProblem;
import io.weftmesh.policy.manifest.Manifests;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a folder of manifests would have a node do, read once: for tools, where nothing runs.
 *
 * @param labels of the pods that it says are in the mesh
 * @param problems with the files and the objects in them, a line each
 */
public record FolderSnapshot(Snapshot snapshot, PodLabels labels, List<String> problems) {
  public FolderSnapshot {
    problems = List.copyOf(problems);
  }

  /**
   * Reads the folder.
   *
   * @param node whose view it is; hints for other nodes do not hold
   * @throws IOException when the folder can't be read
   */
  public static FolderSnapshot read(Path folder, String node) throws IOException {
    try (ManifestDirectory<ClusterObject> directory =
        ManifestDirectory.read(folder, Reduction.KINDS, Reduction::reduce)) {
      Manifests<ClusterObject> manifests = directory.current();
      List<ClusterObject> objects =
          manifests.objects().stream().map(ManifestObject::value).toList();
      PodLabels labels = new FolderLabels(objects);
      SnapshotFold.Folded folded = new SnapshotFold(node, labels).fold(objects);
      List<String> problems =
          new ArrayList<>(manifests.problems().stream().map(ManifestProblem::toString).toList());
      problems.addAll(folded.problems());
      return new FolderSnapshot(folded.snapshot(), labels, problems);
    }
  }
}
