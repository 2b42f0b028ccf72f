package io.weftmesh.proxy.identity;

import java.net.InetAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Which pod address is whose, in the whole mesh, as the ca last said. Read on any thread without a
 * lock; changed on the control thread. Never expires: when the ca is gone the last state serves.
 */
public final class WorkloadDirectory {
  /** Hears of each address that changes hands or state, on the control thread, after the change. */
  @FunctionalInterface
  public interface Listener {
    /** Of {@code before} and {@code after} at least one is there. */
    void changed(
        InetAddress address, @Nullable WorkloadEntry before, @Nullable WorkloadEntry after);
  }

  private final InstantSource clock;
  private final Map<InetAddress, WorkloadEntry> byAddress = new ConcurrentHashMap<>();
  private final Map<String, WorkloadEntry> byPodUid = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
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

  /** Puts a whole new state in place of the one before. */
  void replace(long newVersion, Collection<WorkloadEntry> entries) {
    Set<String> gone = new HashSet<>(byPodUid.keySet());
    entries.forEach(entry -> gone.remove(entry.podUid()));
    apply(newVersion, entries, gone);
    known = true;
  }

  /** Applies a difference to the state before. */
  void apply(long newVersion, Collection<WorkloadEntry> changed, Collection<String> removed) {
    List<Change> changes = new ArrayList<>();
    // What comes is put before what goes is taken: an address that moves is never without owner.
    for (WorkloadEntry entry : changed) {
      WorkloadEntry old = byPodUid.put(entry.podUid(), entry);
      for (InetAddress address : entry.addresses()) {
        changes.add(new Change(address, byAddress.put(address, entry), entry));
      }
      if (old != null && !old.equals(entry)) {
        take(old, changes);
      }
    }
    for (String podUid : removed) {
      WorkloadEntry old = byPodUid.remove(podUid);
      if (old != null) {
        take(old, changes);
      }
    }
    version = newVersion;
    updated = clock.instant();
    for (Change change : changes) {
      tell(change);
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
