package io.weftmesh.proxy.identity;

import com.google.protobuf.ByteString;
import io.weftmesh.ca.api.CaListener;
import io.weftmesh.ca.api.ControlThread;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.proxy.telemetry.Counter;
import io.weftmesh.proxy.telemetry.Family;
import io.weftmesh.proxy.telemetry.Metrics;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts what the ca says where it belongs: roots into {@link Trust}, pods into {@link
 * WorkloadDirectory}; and lets what failed be tried again when the ca is back.
 */
public final class CaNews implements CaListener {
  private final Trust trust;
  private final WorkloadDirectory directory;
  private final Identities identities;
  private final ControlThread control;
  private final Family<Counter> losses;
  private volatile @Nullable Instant lost;
  private volatile boolean connected;

  /** Whether the ca of the full state in force knows of labels. An older one does not. */
  private boolean tellsLabels;

  public CaNews(
      Trust trust,
      WorkloadDirectory directory,
      Identities identities,
      ControlThread control,
      Metrics metrics) {
    this.trust = trust;
    this.directory = directory;
    this.identities = identities;
    this.control = control;
    this.lost = control.instant();
    losses =
        metrics.counters(
            "weft_ca_stream_losses_total",
            "Times that the stream to the ca was lost or could not be made, by reason",
            "reason");
    metrics.gauge(
        "weft_ca_connected", "1 while the ca tells this node of changes", () -> connected ? 1 : 0);
    metrics.gauge(
        "weft_directory_age_seconds",
        "For how long the ca has told nothing; 0 while it is connected",
        () -> (double) age().toSeconds());
    metrics.gauge(
        "weft_directory_version", "The ca's number of the state in force", directory::version);
    metrics.gauge("weft_directory_pods", "Pods in the mesh, of all nodes", directory::size);
  }

  /** Whether the ca tells this node of changes at the moment. */
  public boolean isConnected() {
    return connected;
  }

  /** For how long the directory may have been behind: zero while the ca is connected. */
  public Duration age() {
    Instant since = lost;
    return since == null ? Duration.ZERO : Duration.between(since, control.instant());
  }

  @Override
  public void onBundle(TrustBundle bundle) {
    trust.update(bundle);
  }

  @Override
  public void onUpdate(DirectoryUpdate update) {
    boolean labelled = update.hasLabelKeys() || (!update.getFull() && tellsLabels);
    List<WorkloadEntry> entries = new ArrayList<>(update.getWorkloadsCount());
    for (Workload workload : update.getWorkloadsList()) {
      entries.add(entry(workload, labelled ? labels(workload) : labelsBefore(workload)));
    }
    tellsLabels = labelled;
    if (update.getFull()) {
      directory.replace(
          update.getVersion(),
          entries,
          update.getRemovedPodUidsList(),
          update.getEndedPodUidsList());
    } else {
      directory.apply(
          update.getVersion(),
          entries,
          update.getRemovedPodUidsList(),
          update.getEndedPodUidsList());
    }
    if (update.hasLabelKeys()) {
      directory.carry(Set.copyOf(update.getLabelKeys().getKeysList()));
    } else if (directory.keys() == null) {
      directory.carry(Set.of());
    }
  }

  @Override
  public void onConnected() {
    connected = true;
    lost = null;
    identities.retrySoon();
  }

  @Override
  public void onDisconnected(String reason) {
    if (connected) {
      lost = control.instant();
    }
    connected = false;
    losses.with(reason).increment();
  }

  private static WorkloadEntry entry(Workload workload, Map<String, String> labels) {
    List<InetAddress> addresses = new ArrayList<>(workload.getAddressesCount());
    for (ByteString address : workload.getAddressesList()) {
      addresses.add(address(workload, address));
    }
    return new WorkloadEntry(
        workload.getPodUid(),
        workload.getNamespace(),
        workload.getName(),
        workload.getServiceAccount(),
        workload.getNode(),
        SpiffeId.parse(workload.getSpiffeId()),
        state(workload),
        addresses,
        labels);
  }

  /** The same few words on thousands of pods. */
  private static Map<String, String> labels(Workload workload) {
    Map<String, String> labels = new HashMap<>();
    workload.getLabelsMap().forEach((key, value) -> labels.put(key.intern(), value.intern()));
    return labels;
  }

  /** What is known of a pod whose labels the ca knows nothing of. */
  private Map<String, String> labelsBefore(Workload workload) {
    WorkloadEntry known = directory.byPodUid(workload.getPodUid());
    return known == null ? Map.of() : known.labels();
  }

  private static WorkloadState state(Workload workload) {
    return switch (workload.getState()) {
      case EXPECTED -> WorkloadState.EXPECTED;
      // What a newer ca may say beyond these is taken for the strictest: never plaintext.
      case CAPTURED, WORKLOAD_STATE_UNSPECIFIED, UNRECOGNIZED -> WorkloadState.CAPTURED;
    };
  }

  private static InetAddress address(Workload workload, ByteString address) {
    try {
      return InetAddress.getByAddress(address.toByteArray());
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "an address of pod " + workload.getPodUid() + " has " + address.size() + " bytes", e);
    }
  }
}
