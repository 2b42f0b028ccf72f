package io.weftmesh.proxy.cluster;

import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.telemetry.Gauge;
import io.weftmesh.proxy.telemetry.Metrics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folds what a source knows and puts it in force. What could not be honoured is said in the log
 * when it is new, counted in a metric and kept for whoever asks. {@link #publish} and {@link
 * #refuse} are called by one thread at a time, the rest by any.
 */
final class SnapshotPublisher {
  private static final Logger log = LoggerFactory.getLogger(SnapshotPublisher.class);

  private final SnapshotHolder holder;
  private final SnapshotFold fold;
  private final Gauge version;
  private final Gauge problemCount;
  private volatile List<String> problems = List.of();
  private volatile boolean published;
  private final CompletableFuture<Void> labelled = new CompletableFuture<>();

  SnapshotPublisher(String node, PodLabels labels, SnapshotHolder holder, Metrics metrics) {
    this.holder = holder;
    this.fold = new SnapshotFold(node, labels);
    this.version =
        metrics.gauges("weft_snapshot_version", "The snapshot in force; grows by one.").with();
    this.problemCount =
        metrics
            .gauges("weft_config_problems", "Objects, or parts of them, that can't be honoured.")
            .with();
  }

  /** Whether there is a snapshot. */
  boolean isPublished() {
    return published;
  }

  /** See {@link ClusterSource#labelled}. */
  CompletionStage<Void> labelled() {
    return labelled.minimalCompletionStage();
  }

  boolean isLabelled() {
    return labelled.isDone();
  }

  /** A line each, as of the last fold. */
  List<String> problems() {
    return problems;
  }

  /**
   * Puts these objects in force.
   *
   * @param unread objects that could not be read, a line each; the source has logged them
   */
  void publish(Collection<? extends ClusterObject> objects, List<String> unread) {
    SnapshotFold.Folded folded = fold.fold(objects);
    for (String problem : folded.problems()) {
      if (!problems.contains(problem)) {
        log.warn("{}", problem);
      }
    }
    holder.publish(folded.snapshot());
    version.set((double) folded.snapshot().version());
    published = true;
    if (folded.labelled()) {
      labelled.complete(null);
    }
    List<String> lines = new ArrayList<>(unread);
    lines.addAll(folded.problems());
    tell(lines);
  }

  /** Leaves in force what is, for these reasons. */
  void refuse(List<String> unread) {
    tell(unread);
  }

  private void tell(List<String> lines) {
    problems = List.copyOf(lines);
    problemCount.set(lines.size());
  }
}
