package io.weftmesh.proxy.identity;

import io.weftmesh.proxy.routing.PodLabels;
import java.net.InetAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Which pod address is whose, in the whole mesh, as the ca last said, and the labels of these pods
 * that some shift asks for. Read on any thread without a lock; changed on the control thread. Never
 * expires: when the ca is gone the last state serves.
 */
public final class WorkloadDirectory implements PodLabels {
  /** Hears of each address that changes hands or state, on the control thread, after the change. */
  @FunctionalInterface
  public interface Listener {
    /** Of {@code before} and {@code after} at least one is there. */
    void changed(
        InetAddress address, @Nullable WorkloadEntry before, @Nullable WorkloadEntry after);
  }

  /** As many as the ca remembers. */
  private static final int MAX_ENDED = 10_000;

  private final InstantSource clock;
  private final Map<InetAddress, WorkloadEntry> byAddress = new ConcurrentHashMap<>();
  private final Map<String, WorkloadEntry> byPodUid = new ConcurrentHashMap<>();
  private final EndedPods ended = new EndedPods(MAX_ENDED);
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> labelListeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable Set<String> labelKeys;
  private volatile boolean known;
  private volatile long version;
  private volatile Instant updated = Instant.EPOCH;

  public WorkloadDirectory(InstantSource clock) {
    this.clock = clock;
  }

  /** The pod in the mesh that has this address, or null. */
  public @Nullable WorkloadEntry byAddress(InetAddress address) {
    return byAddress.get(address);
  }

  /** The pod in the mesh with this UID, or null. */
  public @Nullable WorkloadEntry byPodUid(String podUid) {
    return byPodUid.get(podUid);
  }

  /**
   * Whether the pod with this UID was in the mesh and has ended: then its address is no longer its,
   * whatever endpoints say. Asked after an address was found to be nobody's.
   */
  public boolean hasEnded(String podUid) {
    return ended.contains(podUid);
  }

  /** How the pod behind an address is to be spoken to. */
  public WorkloadState stateOf(InetAddress address) {
    WorkloadEntry entry = byAddress.get(address);
    if (entry != null) {
      return entry.state();
    }
    return known ? WorkloadState.OUTSIDE : WorkloadState.UNKNOWN;
  }

  /** Whether a full state has come since the process started. */
  public boolean isKnown() {
    return known;
  }

  @Override
  public @Nullable Set<String> keys() {
    return labelKeys;
  }

  @Override
  public @Nullable Map<String, String> of(@Nullable String podUid, InetAddress address) {
    WorkloadEntry entry = podUid == null ? byAddress.get(address) : byPodUid.get(podUid);
    return entry == null ? null : entry.labels();
  }

  /** The listener is called on the control thread. */
  @Override
  public void onLabels(Runnable listener) {
    labelListeners.add(listener);
  }

  /** The ca's number of the state, 0 for none. */
  public long version() {
    return version;
  }

  /** When the last update was applied; the epoch for never. */
  public Instant updated() {
    return updated;
  }

  public int size() {
    return byPodUid.size();
  }

  public void onChange(Listener listener) {
    listeners.add(listener);
  }

  /** The entries carry labels under these keys from now on. */
  void carry(Set<String> keys) {
    if (!keys.equals(labelKeys)) {
      labelKeys = keys;
      labelListeners.forEach(Runnable::run);
    }
  }

  /**
   * Puts a whole new state in place of the one before.
   *
   * <p>Of a pod that is in the old one and not in the new, the ca may not know why: a new ca has
   * seen nobody leave. One that was captured then counts as ended. If it was withdrawn in truth, it
   * is not reached by the Services that name it until it is in the mesh again or replaced; the
   * other way round, what was meant for it would go to a stranger in plaintext. One that was merely
   * expected might have been sent plaintext before, and counts as outside.
   *
   * @param removed what the ca has seen leave, out of date for those among {@code entries}
   * @param endedUids those of {@code removed} that live no more
   */
  void replace(
      long newVersion,
      Collection<WorkloadEntry> entries,
      Collection<String> removed,
      Collection<String> endedUids) {
    Set<String> nowGone = new HashSet<>(removed);
    Set<String> nowEnded = new LinkedHashSet<>(endedUids);
    byPodUid.forEach((uid, old) -> {
      if (nowGone.add(uid) && old.state() == WorkloadState.CAPTURED) {
        nowEnded.add(uid);
      }
    });
    for (WorkloadEntry entry : entries) {
      nowGone.remove(entry.podUid());
      nowEnded.remove(entry.podUid());
    }
    apply(newVersion, entries, nowGone, nowEnded);
    known = true;
  }

  /**
   * Applies a difference to the state before.
   *
   * @param endedUids those of {@code removed} that live no more
   */
  void apply(
      long newVersion,
      Collection<WorkloadEntry> changed,
      Collection<String> removed,
      Collection<String> endedUids) {
    List<Change> changes = new ArrayList<>();
    boolean otherLabels = false;
    // First of all, so that whoever finds an address without owner finds out why.
    Set<String> nowEnded = new HashSet<>(endedUids);
    endedUids.forEach(ended::add);
    // What comes is put before what goes is taken: an address that moves is never without owner.
    for (WorkloadEntry entry : changed) {
      WorkloadEntry old = byPodUid.put(entry.podUid(), entry);
      Map<String, String> labelsBefore = old == null ? Map.of() : old.labels();
      otherLabels |= !labelsBefore.equals(entry.labels());
      for (InetAddress address : entry.addresses()) {
        changes.add(new Change(address, byAddress.put(address, entry), entry));
      }
      if (old != null && !old.equals(entry)) {
        take(old, changes);
      }
      ended.remove(entry.podUid());
    }
    for (String podUid : removed) {
      if (!nowEnded.contains(podUid)) {
        ended.remove(podUid);
      }
      WorkloadEntry old = byPodUid.remove(podUid);
      if (old != null) {
        otherLabels |= !old.labels().isEmpty();
        take(old, changes);
      }
    }
    version = newVersion;
    updated = clock.instant();
    for (Change change : changes) {
      tell(change);
    }
    if (otherLabels) {
      labelListeners.forEach(Runnable::run);
    }
  }

  /** Takes the addresses that still lead to this entry, and not to what came in its place. */
  private void take(WorkloadEntry old, List<Change> changes) {
    for (InetAddress address : old.addresses()) {
      if (byAddress.remove(address, old)) {
        changes.add(new Change(address, old, null));
      }
    }
  }

  private void tell(Change change) {
    if (!Objects.equals(change.before, change.after)) {
      for (Listener listener : listeners) {
        listener.changed(change.address, change.before, change.after);
      }
    }
  }

  private record Change(
      InetAddress address, @Nullable WorkloadEntry before, @Nullable WorkloadEntry after) {}
}
