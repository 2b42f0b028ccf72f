package io.weftmesh.proxy.routing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The snapshot in force. Event loops read it without a lock and keep it for as long as one decision
 * takes; the cluster room publishes a new one with one volatile write.
 */
public final class SnapshotHolder {
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private volatile Snapshot current = Snapshot.EMPTY;

  /** Hears of new snapshots. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A snapshot has come into force. Called on the publisher's thread, one call at a time; it must
     * not block.
     */
    void changed(Snapshot before, Snapshot now);
  }

  /** The snapshot in force; any thread. */
  public Snapshot get() {
    return current;
  }

  /** Puts a snapshot into force, then tells the listeners. */
  public synchronized void publish(Snapshot snapshot) {
    Snapshot before = current;
    current = snapshot;
    for (Listener listener : listeners) {
      listener.changed(before, snapshot);
    }
  }

  /** Tells the listener of the snapshot in force, as a change from nothing, and of every later. */
  public synchronized void listen(Listener listener) {
    listeners.add(listener);
    listener.changed(Snapshot.EMPTY, current);
  }
}
