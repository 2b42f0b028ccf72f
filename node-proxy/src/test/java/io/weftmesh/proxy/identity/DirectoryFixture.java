package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Workload;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A directory that says what a test says, for the tests of other rooms. */
public final class DirectoryFixture {
  private final WorkloadDirectory directory = new WorkloadDirectory(InstantSource.system());
  private final List<WorkloadEntry> entries = new ArrayList<>();
  private long version;

  public WorkloadDirectory directory() {
    return directory;
  }

  /** The ca has spoken: it says what was put. */
  public void known() {
    directory.replace(++version, entries, List.of(), List.of());
  }

  /** A pod leaves the mesh and lives on. */
  public void withdraw(Workload pod) {
    leave(pod, List.of());
  }

  public void end(Workload pod) {
    leave(pod, List.of(pod.uid()));
  }

  private void leave(Workload pod, List<String> ended) {
    entries.removeIf(entry -> entry.podUid().equals(pod.uid()));
    directory.apply(++version, List.of(), List.of(pod.uid()), ended);
  }

  public void put(Workload pod, SpiffeId id, WorkloadState state) {
    entries.add(
        new WorkloadEntry(
            pod.uid(),
            pod.namespace(),
            pod.name(),
            pod.serviceAccount(),
            pod.node(),
            id,
            state,
            pod.addresses(),
            Map.of()));
    if (directory.isKnown()) {
      known();
    }
  }
}
