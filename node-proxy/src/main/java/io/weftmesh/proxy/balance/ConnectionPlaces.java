package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.proxy.balance.ServiceLimits.Admission;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The places for connections of one Service on this node, and who waits for one: pools of several
 * client pods on several loops, none of which sees into another.
 *
 * <ul>
 *   <li>A place that is given back goes straight to who waits. Client pods take turns, so that the
 *       one with most requests waiting gets no more than the others; within one, who came first.
 *   <li>Who finds no place has an unused connection closed, in whichever pool it lies: an unused
 *       connection to one endpoint must not keep a request from another. And while somebody waits
 *       whom it would help, no pool keeps an unused connection.
 *   <li>A pool may hand a connection that becomes free to the next of its own instead, which saves
 *       opening one; but only so many times in a row, or who waits elsewhere would starve.
 * </ul>
 *
 * <p>Thread-safe. A lock is taken by those alone who find no place, and by who gives one back while
 * somebody waits. Nobody is told under it.
 */
public final class ConnectionPlaces {
  /** Of so many connections that become free, one goes to who has waited longest. */
  static final int MOST_OVERTAKEN = 16;

  private final ServiceLimits limits;
  private final Set<Share> shares = ConcurrentHashMap.newKeySet();
  private final AtomicInteger overtaken = new AtomicInteger();

  /** Who waits, by client pod, the one whose turn it is first. Guarded by this. */
  private final Map<String, LinkedHashSet<Ticket>> waiting = new LinkedHashMap<>();

  private final AtomicInteger count = new AtomicInteger();

  /** How many unused connections were asked for and not given up yet. */
  private final AtomicInteger asking = new AtomicInteger();

  /** What was last asked by: who has waited since before is not bound by what was in force then. */
  private volatile BackendSettings latest = BackendSettings.DEFAULT;

  ConnectionPlaces(ServiceLimits limits) {
    this.limits = limits;
  }

  /** Who waits for a place. */
  @FunctionalInterface
  public interface Waiter {
    /** Here it is; to be closed at once if it is not wanted any more. */
    void granted(Place place);
  }

  /**
   * Takes part, until the share is closed.
   *
   * @param clientPod its UID
   * @param executor of the pool's thread, on which it is told everything
   * @param giveUpOne closes the connection that was unused for longest; whether there is one
   */
  public Share share(String clientPod, Executor executor, BooleanSupplier giveUpOne) {
    var share = new Share(clientPod, executor, giveUpOne);
    shares.add(share);
    return share;
  }

  /** How many wait. */
  public int waiting() {
    return count.get();
  }

  /** A place is free. */
  void freed() {
    if (count.get() > 0) {
      grant();
      // Where the limit was lowered it takes more than one.
      if (asking.get() < count.get()) {
        reclaimForAny(null);
      }
    }
  }

  /** There may be room where there seemed to be none. */
  void lookAgain() {
    if (count.get() > 0) {
      grant();
    }
  }

  private void inForce(BackendSettings settings) {
    if (!settings.equals(latest)) {
      latest = settings;
      lookAgain();
    }
  }

  private void grant() {
    List<Runnable> news = new ArrayList<>(1);
    synchronized (this) {
      for (Grant next = next(); next != null; next = next()) {
        Grant granted = next;
        overtaken.set(0);
        news.add(() -> granted.ticket.tell(granted.place));
      }
    }
    news.forEach(Runnable::run);
  }

  private record Grant(Ticket ticket, Place place) {}

  /** The next that waits and may connect, taken off the queue; null if there is none. */
  private @Nullable Grant next() {
    for (LinkedHashSet<Ticket> line : waiting.values()) {
      Ticket first = line.getFirst();
      if (limits.hasRoom(Use.CONNECTION, latest, first.client)
          && limits.tryAcquire(Use.CONNECTION, latest, first.client) instanceof Place place) {
        return taken(first, place);
      }
    }
    return null;
  }

  private Grant taken(Ticket ticket, Place place) {
    ticket.remove();
    LinkedHashSet<Ticket> line = waiting.remove(ticket.client);
    if (line != null) {
      // Its next turn comes after all the others'.
      waiting.put(ticket.client, line);
    }
    return new Grant(ticket, place);
  }

  private synchronized boolean isWantedFrom(String clientPod) {
    for (Map.Entry<String, LinkedHashSet<Ticket>> client : waiting.entrySet()) {
      Ticket first = client.getValue().getFirst();
      if (client.getKey().equals(clientPod) || !limits.isClientFull(latest, first.client)) {
        return true;
      }
    }
    return false;
  }

  private synchronized List<String> clientsWaiting() {
    return List.copyOf(waiting.keySet());
  }

  /**
   * Has an unused connection closed that is in the way of anybody who waits, if there is one.
   *
   * @param spared not one of this share's; null for any
   */
  private void reclaimForAny(@Nullable Share spared) {
    for (String client : clientsWaiting()) {
      if (reclaim(client, spared)) {
        return;
      }
    }
  }

  /** The same, for one client pod; whether there is one. */
  private boolean reclaim(String clientPod, @Nullable Share spared) {
    boolean ownOnly = limits.isClientFull(latest, clientPod);
    Share found = null;
    for (Share share : shares) {
      boolean own = share.client.equals(clientPod);
      if ((own || !ownOnly) && share != spared && share.hasUnused()) {
        found = share;
        if (own) {
          break;
        }
      }
    }
    if (found == null) {
      return false;
    }
    found.ask();
    return true;
  }

  /** What one pool has to do with the Service's places. Confined to the pool's thread. */
  public final class Share implements AutoCloseable {
    private final String client;
    private final Executor executor;
    private final BooleanSupplier giveUpOne;
    private final AtomicInteger idle = new AtomicInteger();

    /** How many of the unused were asked for and not given up yet. */
    private final AtomicInteger asked = new AtomicInteger();

    private Share(String client, Executor executor, BooleanSupplier giveUpOne) {
      this.client = client;
      this.executor = executor;
      this.giveUpOne = giveUpOne;
    }

    /** A place, unless there is none or somebody waits for it already. */
    public Admission acquire(BackendSettings settings) {
      inForce(settings);
      if (count.get() > 0 && isWantedFrom(client)) {
        return limits.full(Use.CONNECTION, settings, client);
      }
      return limits.acquire(Use.CONNECTION, settings, client);
    }

    /** Waits for a place, and has an unused connection closed for it if there is one. */
    public Ticket await(BackendSettings settings, Waiter waiter) {
      inForce(settings);
      var ticket = new Ticket(client, executor, waiter);
      synchronized (ConnectionPlaces.this) {
        waiting.computeIfAbsent(client, c -> new LinkedHashSet<>()).add(ticket);
        count.incrementAndGet();
      }
      // One may have become free since it was asked for, and whoever freed it saw nobody wait.
      grant();
      if (!ticket.left) {
        reclaim(client, null);
      }
      return ticket;
    }

    /** Whether somebody waits who could connect if this pool gave up a connection. */
    public boolean isWanted() {
      return count.get() > 0 && isWantedFrom(client);
    }

    /** Whether one that waits in this pool may go before those who wait for a place. */
    public boolean mayOvertake() {
      return overtaken.getAndIncrement() < MOST_OVERTAKEN;
    }

    /** Connections of the pool that are unused came or went. */
    public void idle(int difference) {
      idle.addAndGet(difference);
      // Who began to wait after the pool had looked did not see this one.
      if (difference > 0 && hasUnused() && isWanted()) {
        ask();
      }
    }

    /** Whether it has more unused connections than it was asked for. */
    private boolean hasUnused() {
      return idle.get() > asked.get();
    }

    private void ask() {
      asked.incrementAndGet();
      asking.incrementAndGet();
      executor.execute(() -> {
        asked.decrementAndGet();
        asking.decrementAndGet();
        if (!giveUpOne.getAsBoolean()) {
          // It was taken again meanwhile.
          reclaimForAny(this);
        }
      });
    }

    @Override
    public void close() {
      shares.remove(this);
    }
  }

  /** A place in the queue. */
  public final class Ticket {
    private final String client;
    private final Executor executor;
    private final Waiter waiter;

    /** Written under the lock. */
    private volatile boolean left;

    private Ticket(String client, Executor executor, Waiter waiter) {
      this.client = client;
      this.executor = executor;
      this.waiter = waiter;
    }

    /** Waits no longer. A place may be on its way all the same. */
    public void cancel() {
      synchronized (ConnectionPlaces.this) {
        remove();
      }
    }

    private void remove() {
      if (left) {
        return;
      }
      left = true;
      count.decrementAndGet();
      LinkedHashSet<Ticket> line = waiting.get(client);
      if (line != null && line.remove(this) && line.isEmpty()) {
        waiting.remove(client);
      }
    }

    private void tell(Place place) {
      executor.execute(() -> waiter.granted(place));
    }
  }
}
