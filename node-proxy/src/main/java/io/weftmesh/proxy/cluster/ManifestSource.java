package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.manifest.ManifestDirectory;
import io.weftmesh.policy.manifest.ManifestObject;
import io.weftmesh.policy.manifest.ManifestProblem;
import io.weftmesh.policy.manifest.Manifests;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Publishes snapshots of a folder of ordinary Kubernetes YAML. Thread-safe; folds on the
 * scheduler's thread.
 *
 * <p>The folder itself is looked at every tenth of a second, which gathers what is written
 * together: nothing more is waited for here. Labels of pods, which the folder has too but nodes of
 * a cluster have not, come from the mesh's directory, and what comes of them in a moment is
 * gathered.
 */
public final class ManifestSource implements ClusterSource {
  /** A Deployment that is scaled up tells of many pods in a row. */
  private static final Duration LABELS_GATHERED_FOR = Duration.ofMillis(50);

  private final Path folder;
  private final SnapshotPublisher publisher;
  private final ManifestDirectory<ClusterObject> directory;
  private final AtomicBoolean labelsChanged = new AtomicBoolean();

  private ManifestSource(
      Path folder, SnapshotPublisher publisher, ScheduledExecutorService scheduler)
      throws IOException {
    this.folder = folder;
    this.publisher = publisher;
    this.directory =
        ManifestDirectory.follow(folder, Reduction.KINDS, Reduction::reduce, scheduler);
  }

  /**
   * Reads the folder and publishes what it says, now and whenever that changes.
   *
   * @param labels by which subsets of a Service's pods are told apart
   * @throws IOException when the folder can't be read
   */
  public static ManifestSource follow(
      Path folder,
      String node,
      PodLabels labels,
      SnapshotHolder holder,
      Metrics metrics,
      ScheduledExecutorService scheduler)
      throws IOException {
    ManifestSource source =
        new ManifestSource(folder, new SnapshotPublisher(node, labels, holder, metrics), scheduler);
    source.directory.onChange(source::publish);
    labels.onLabels(() -> source.publishSoon(scheduler));
    return source;
  }

  @Override
  public List<String> notReady() {
    return publisher.isPublished()
        ? List.of()
        : List.of("the first reading of " + folder + " found files that can't be understood");
  }

  @Override
  public List<String> problems() {
    return publisher.problems();
  }

  @Override
  public CompletionStage<Void> labelled() {
    return publisher.labelled();
  }

  @Override
  public void close() {
    directory.close();
  }

  private void publishSoon(ScheduledExecutorService scheduler) {
    if (!scheduler.isShutdown() && labelsChanged.compareAndSet(false, true)) {
      Future<?> _ =
          scheduler.schedule(
              () -> {
                labelsChanged.set(false);
                publish(directory.current());
              },
              publisher.isLabelled() ? LABELS_GATHERED_FOR.toMillis() : 0,
              TimeUnit.MILLISECONDS);
    }
  }

  /** Called when the folder changes, and when labels do. */
  private synchronized void publish(Manifests<ClusterObject> manifests) {
    List<String> unread = manifests.problems().stream().map(ManifestProblem::toString).toList();
    // What a file that was never understood would forbid can't be known: better nothing than that.
    if (manifests.complete() || publisher.isPublished()) {
      publisher.publish(manifests.objects().stream().map(ManifestObject::value).toList(), unread);
    } else {
      publisher.refuse(unread);
    }
  }
}
