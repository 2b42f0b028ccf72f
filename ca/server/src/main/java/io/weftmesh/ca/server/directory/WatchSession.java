package io.weftmesh.ca.server.directory;

import com.google.protobuf.UnsafeByteOperations;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.signing.Der;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.LabelKeys;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one process of a node has been told, and what it has acknowledged. Told is the bundle first,
 * then workloads, part by part, as fast as the stream takes them: a session holds a position in the
 * {@link ChangeLog} and no messages, so that a slow or frozen node costs nothing.
 *
 * <p>A full state is sent in the order of the changes as well. What changes while it is being sent
 * moves to its end, and is sent again after it, as a delta: so nothing is missing when the last
 * part is there, at the price of telling a few things twice. The pods that left last are in it, for
 * the node may still know them, or hear of them from endpoints that are out of date.
 *
 * <p>Thread-safe.
 */
public final class WatchSession {
  /** About 30 KB, what gRPC takes at once before a stream counts as not ready. */
  static final int PART = 200;

  private final NodeCaller caller;
  private final String process;
  private final ChangeLog changes;
  private final Supplier<TrustBundle> bundles;
  private final Acknowledgements acknowledgements;
  private final Outlet outlet;
  private final long epoch;

  /** What has been sent, as a version of the change log. */
  private long position;

  /** The version that the full state under way is labelled with, 0 if none is. */
  private long fullVersion;

  private boolean fullBegun;
  private long sentVersion;
  private long sentBundle;
  private long acknowledgedBundle;
  private boolean closed;

  WatchSession(
      NodeCaller caller,
      String process,
      ChangeLog changes,
      long epoch,
      Supplier<TrustBundle> bundles,
      Acknowledgements acknowledgements,
      Outlet outlet) {
    this.caller = caller;
    this.process = process;
    this.changes = changes;
    this.epoch = epoch;
    this.bundles = bundles;
    this.acknowledgements = acknowledgements;
    this.outlet = outlet;
  }

  public NodeCaller caller() {
    return caller;
  }

  String process() {
    return process;
  }

  /** Begins after what the process knows already, or from nothing. */
  synchronized void begin(long knownEpoch, long knownVersion) {
    if (knownEpoch == epoch && changes.knowsWhatFollows(knownVersion)) {
      position = knownVersion;
      sentVersion = knownVersion;
    } else {
      beginFullState();
    }
    acknowledgements.acknowledged(this, sentVersion);
  }

  private void beginFullState() {
    fullVersion = changes.version();
    fullBegun = false;
    position = 0;
  }

  /** Sends what there is to send while the stream takes it. */
  public synchronized void pump() {
    while (!closed && outlet.isReady()) {
      DirectoryMessage next = next();
      if (next == null) {
        return;
      }
      outlet.send(next);
    }
  }

  private @Nullable DirectoryMessage next() {
    TrustBundle bundle = bundles.get();
    if (bundle.version() > sentBundle) {
      sentBundle = bundle.version();
      return message(bundle);
    }
    if (fullVersion > 0) {
      return nextOfFullState();
    }
    if (!changes.knowsWhatFollows(position)) {
      beginFullState();
      return nextOfFullState();
    }
    ChangeLog.Part part = changes.since(position, PART);
    position = part.version();
    if (part.isEmpty()) {
      return null;
    }
    sentVersion = part.version();
    return message(update(part).setVersion(part.version()).setLast(true));
  }

  private DirectoryMessage nextOfFullState() {
    ChangeLog.Part part = changes.since(position, PART);
    DirectoryUpdate.Builder update =
        update(part).setVersion(fullVersion).setFull(!fullBegun).setLast(part.last());
    fullBegun = true;
    position = part.version();
    if (part.last()) {
      position = fullVersion;
      sentVersion = fullVersion;
      fullVersion = 0;
    }
    return message(update);
  }

  private DirectoryUpdate.Builder update(ChangeLog.Part part) {
    DirectoryUpdate.Builder update =
        DirectoryUpdate.newBuilder()
            .setEpoch(epoch)
            .addAllWorkloads(part.workloads())
            .addAllRemovedPodUids(part.removedPodUids())
            .addAllEndedPodUids(part.endedPodUids());
    if (part.labelKeys() != null) {
      update.setLabelKeys(LabelKeys.newBuilder().addAllKeys(part.labelKeys()));
    }
    return update;
  }

  private static DirectoryMessage message(DirectoryUpdate.Builder update) {
    return DirectoryMessage.newBuilder().setUpdate(update).build();
  }

  private static DirectoryMessage message(TrustBundle bundle) {
    io.weftmesh.ca.v1.TrustBundle.Builder message =
        io.weftmesh.ca.v1.TrustBundle.newBuilder()
            .setVersion(bundle.version())
            .setTrustDomain(bundle.trustDomain());
    bundle.roots().forEach(root -> message.addRoots(UnsafeByteOperations.unsafeWrap(Der.of(root))));
    return DirectoryMessage.newBuilder().setBundle(message).build();
  }

  /** Notes what is in force at the node; never more than what it was sent in full. */
  public void acknowledge(long version, long bundleVersion) {
    long known;
    synchronized (this) {
      if (closed) {
        return;
      }
      known = Math.min(version, sentVersion);
      acknowledgedBundle = Math.max(acknowledgedBundle, Math.min(bundleVersion, sentBundle));
    }
    acknowledgements.acknowledged(this, known);
  }

  synchronized long acknowledgedBundle() {
    return acknowledgedBundle;
  }

  /** Nothing more is sent or waited for; the stream has ended or is about to. */
  synchronized void close() {
    closed = true;
    acknowledgements.gone(this);
  }

  void refuse() {
    close();
    outlet.refuse();
  }

  void replaced() {
    close();
    outlet.replaced();
  }
}
