package io.weftmesh.ca.api;

import io.grpc.Status;
import io.weftmesh.ca.v1.Ack;
import io.weftmesh.ca.v1.CaptureReport;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.Open;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.ca.v1.WorkloadState;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the stream of the workload directory open, whatever happens to it: opens it again with
 * growing pauses, resumes after what was applied last, acknowledges, and says again which pods are
 * captured. A state that comes in parts is applied when its last part is there, so that a stream
 * that breaks in the middle changes nothing.
 *
 * <p>Confined to the control thread.
 */
final class DirectoryWatch {
  /** One stream as this class sees it; the events of an old one are told from a new one's. */
  interface Stream {
    void send(NodeMessage message);

    /** Lets the next message come. */
    void request();

    void cancel(String why);
  }

  /** Opens a stream; its events come to the watch that is given, on the control thread. */
  @FunctionalInterface
  interface Opener {
    Stream open(Events events);
  }

  /** What happens on a stream. */
  interface Events {
    void onMessage(DirectoryMessage message);

    void onEnd(Status status);
  }

  /** A ca that is there answers at once: it begins with the bundle. */
  static final Duration FIRST_MESSAGE_TIMEOUT = Duration.ofSeconds(10);

  /** A stream that lived this long was no failure, and the pauses begin anew. */
  private static final Duration GOOD_LIFE = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(DirectoryWatch.class);

  private final CaSettings settings;
  private final Opener opener;
  private final CaListener listener;
  private final ControlThread control;
  private final BackOff backOff;
  private final Set<String> captured = new LinkedHashSet<>();

  private long epoch;
  private long version;
  private long bundleVersion;

  private @Nullable Connection connection;
  private boolean connected;
  private @Nullable String lastReason;
  private boolean closed;

  DirectoryWatch(
      CaSettings settings,
      Opener opener,
      CaListener listener,
      ControlThread control,
      DoubleSupplier random) {
    this.settings = settings;
    this.opener = opener;
    this.listener = listener;
    this.control = control;
    this.backOff = new BackOff(random);
  }

  void connect() {
    if (!closed) {
      connection = new Connection();
      connection.open();
    }
  }

  /** Reports a pod as captured, now and after each reconnect, until it is forgotten. */
  void captured(String podUid) {
    if (captured.add(podUid) && connection != null) {
      connection.report(podUid);
    }
  }

  void forget(String podUid) {
    captured.remove(podUid);
  }

  boolean isConnected() {
    return connected;
  }

  void close() {
    closed = true;
    if (connection != null) {
      connection.end("the node proxy ends");
    }
  }

  private void lost(Duration life, Status status) {
    connection = null;
    if (closed) {
      return;
    }
    if (life.compareTo(GOOD_LIFE) >= 0) {
      backOff.reset();
    }
    Duration pause = backOff.next();
    tell(described(status), pause);
    connected = false;
    listener.onDisconnected(status.getCode().name().toLowerCase(Locale.ROOT));
    control.after(pause, this::connect);
  }

  /** A ca that stays away for the same reason is worth one line. */
  private void tell(String reason, Duration pause) {
    if (connected || !reason.equals(lastReason)) {
      lastReason = reason;
      LOG.warn(
          "The ca at {}:{} is gone, trying again in {} ms, then ever more seldom: {}",
          settings.host(),
          settings.port(),
          pause.toMillis(),
          reason);
    }
  }

  private static String described(Status status) {
    Throwable cause = status.getCause();
    return Printable.of(
        status.getCode()
            + ": "
            + status.getDescription()
            + (cause == null ? "" : ": " + cause.getMessage()));
  }

  /** One stream from its opening to its end. */
  private final class Connection implements Events {
    private final List<DirectoryUpdate> parts = new ArrayList<>();
    private @Nullable Stream stream;
    private ControlThread.@Nullable Alarm silence;
    private @Nullable Instant firstMessage;

    private void open() {
      silence =
          control.after(
              FIRST_MESSAGE_TIMEOUT,
              () -> fail(Status.DEADLINE_EXCEEDED.withDescription("the ca says nothing")));
      stream = opener.open(this);
      send(
          NodeMessage.newBuilder()
              .setOpen(
                  Open.newBuilder()
                      .setProcess(settings.process())
                      .setEpoch(epoch)
                      .setVersion(version)));
      captured.forEach(this::report);
    }

    private void report(String podUid) {
      send(NodeMessage.newBuilder().setCaptured(CaptureReport.newBuilder().setPodUid(podUid)));
    }

    private void send(NodeMessage.Builder message) {
      if (stream != null) {
        stream.send(message.build());
      }
    }

    @Override
    public void onMessage(DirectoryMessage message) {
      if (connection != this) {
        return;
      }
      hush();
      if (firstMessage == null) {
        firstMessage = control.instant();
      }
      try {
        switch (message.getMessageCase()) {
          case UPDATE -> onUpdate(message.getUpdate());
          case BUNDLE -> onBundle(message.getBundle());
          case MESSAGE_NOT_SET -> LOG.debug("A newer ca says something that means nothing here");
        }
        beInStep();
        if (stream != null) {
          stream.request();
        }
      } catch (IllegalArgumentException | CertificateException e) {
        // Whatever it was: what is in force stays, and the ca is asked for everything.
        epoch = 0;
        version = 0;
        fail(Status.DATA_LOSS.withDescription(String.valueOf(e.getMessage())));
      }
    }

    private void onBundle(io.weftmesh.ca.v1.TrustBundle message) throws CertificateException {
      List<byte[]> roots = new ArrayList<>(message.getRootsCount());
      message.getRootsList().forEach(root -> roots.add(root.toByteArray()));
      TrustBundle bundle = TrustBundle.ofDer(message.getTrustDomain(), message.getVersion(), roots);
      listener.onBundle(bundle);
      if (bundle.trustDomain().equals(settings.trustDomain())) {
        bundleVersion = Math.max(bundleVersion, bundle.version());
        acknowledge();
      }
    }

    private void onUpdate(DirectoryUpdate update) {
      if (update.getFull()) {
        parts.clear();
      } else if (parts.isEmpty()) {
        requireSuccessor(update);
      } else if (update.getVersion() != parts.getFirst().getVersion()) {
        throw new IllegalArgumentException(
            "a part of version "
                + update.getVersion()
                + " came among those of "
                + parts.getFirst().getVersion());
      }
      parts.add(update);
      if (update.getLast()) {
        apply(whole());
      }
    }

    private void requireSuccessor(DirectoryUpdate update) {
      if (update.getEpoch() != epoch || update.getVersion() < version) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "a difference to epoch %x, version %d came where epoch %x, version %d was in force",
                update.getEpoch(),
                update.getVersion(),
                epoch,
                version));
      }
    }

    private DirectoryUpdate whole() {
      if (parts.size() == 1) {
        return parts.removeFirst();
      }
      DirectoryUpdate.Builder whole = parts.getFirst().toBuilder();
      for (DirectoryUpdate part : parts.subList(1, parts.size())) {
        whole
            .addAllWorkloads(part.getWorkloadsList())
            .addAllRemovedPodUids(part.getRemovedPodUidsList())
            .addAllEndedPodUids(part.getEndedPodUidsList());
        if (part.hasLabelKeys()) {
          whole.setLabelKeys(part.getLabelKeys());
        }
      }
      parts.clear();
      return whole.build();
    }

    private void apply(DirectoryUpdate update) {
      listener.onUpdate(update);
      epoch = update.getEpoch();
      version = update.getVersion();
      acknowledge();
      for (Workload workload : update.getWorkloadsList()) {
        // A report may have come before the ca knew the pod.
        if (workload.getState() == WorkloadState.EXPECTED
            && captured.contains(workload.getPodUid())) {
          report(workload.getPodUid());
        }
      }
    }

    /** A ca that has nothing new since the version resumed from says no more than its bundle. */
    private void beInStep() {
      if (!connected && epoch != 0) {
        connected = true;
        LOG.info("In step with the ca at version {}", version);
        listener.onConnected();
      }
    }

    private void acknowledge() {
      send(
          NodeMessage.newBuilder()
              .setAck(Ack.newBuilder().setVersion(version).setBundleVersion(bundleVersion)));
    }

    private void fail(Status status) {
      if (connection == this) {
        end(String.valueOf(status.getDescription()));
        lost(life(), status);
      }
    }

    private void end(String why) {
      hush();
      connection = null;
      if (stream != null) {
        stream.cancel(why);
      }
    }

    @Override
    public void onEnd(Status status) {
      if (connection == this) {
        hush();
        lost(life(), status);
      }
    }

    private Duration life() {
      return firstMessage == null
          ? Duration.ZERO
          : Duration.between(firstMessage, control.instant());
    }

    private void hush() {
      if (silence != null) {
        silence.cancel();
        silence = null;
      }
    }
  }
}
