package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of HTTP/1 of one client pod on one event loop that are not in use. Never
 * shared between pods: a connection carries the pod's address and identity. The one used last is
 * taken first, so that the others come of age and are closed, and a burst leaves nothing behind.
 */
final class UpstreamPool implements Upstreams {
  private final PoolTerms terms;
  private final EventLoop loop;
  private final long idleNanos;
  private final BooleanSupplier leaving;
  private final @Nullable Runnable onLost;
  private final Keeper keeper;
  private final Map<Endpoint, ArrayDeque<UpstreamConnection>> idle = new HashMap<>();
  private final Map<ServiceKey, LimitedPool> limited = new HashMap<>();
  private int idleCount;
  private @Nullable Future<?> sweep;
  private boolean closed;

  /** Who is asked before a connection is put away, and told how many are. */
  interface Keeper {
    /** Asks nothing. */
    Keeper NONE =
        new Keeper() {
          @Override
          public boolean takes(UpstreamConnection connection) {
            return false;
          }

          @Override
          public void idle(int difference) {}
        };

    /** Whether it has a use for a connection that is free; then it is its business. */
    boolean takes(UpstreamConnection connection);

    /** Connections that are unused came or went. */
    void idle(int difference);
  }

  /**
   * @param idleNanos after which an unused connection is closed
   * @param leaving whether nothing is to be kept any more
   * @param onLost told when an unused connection was closed by the other side, or null
   */
  UpstreamPool(
      PoolTerms terms, long idleNanos, BooleanSupplier leaving, @Nullable Runnable onLost) {
    this(terms, idleNanos, leaving, onLost, Keeper.NONE);
  }

  private UpstreamPool(
      PoolTerms terms,
      long idleNanos,
      BooleanSupplier leaving,
      @Nullable Runnable onLost,
      Keeper keeper) {
    this.terms = terms;
    this.loop = terms.loop();
    this.idleNanos = idleNanos;
    this.leaving = leaving;
    this.onLost = onLost;
    this.keeper = keeper;
  }

  /** An empty one by the same terms. */
  UpstreamPool part(Keeper partKeeper) {
    return new UpstreamPool(terms, idleNanos, leaving, null, partKeeper);
  }

  PoolTerms terms() {
    return terms;
  }

  @Override
  public LimitedPool limited(ServiceKey service, ConnectionPlaces places) {
    LimitedPool known = limited.get(service);
    if (known != null && known.isOf(places)) {
      return known;
    }
    if (known != null) {
      known.close();
    }
    var fresh = new LimitedPool(this, places);
    limited.put(service, fresh);
    if (closed) {
      fresh.close();
    }
    return fresh;
  }

  @Override
  public @Nullable UpstreamConnection take(Endpoint endpoint, long maxIdleNanos) {
    ArrayDeque<UpstreamConnection> connections = idle.get(endpoint);
    if (connections == null) {
      return null;
    }
    UpstreamConnection connection = connections.peekLast();
    while (connection != null) {
      if (Deadline.now(loop) - connection.idleSinceNanos() > maxIdleNanos) {
        return null;
      }
      connections.pollLast();
      idle(-1);
      if (connection.isOpen() && isStillRight(connection)) {
        return connection;
      }
      connection.retire();
      connection = connections.peekLast();
    }
    return null;
  }

  /** Whether it would be opened the same way now. */
  boolean isStillRight(UpstreamConnection connection) {
    return terms.dialer().isStillRight(connection.endpoint(), connection.security());
  }

  @Override
  public void connect(Endpoint endpoint, BackendSettings settings, Waiter waiter) {
    dial(endpoint, settings.connectTimeout(), Place.UNCOUNTED, waiter);
  }

  @Override
  public boolean abandon(Waiter waiter) {
    // A connection that is under way is for the next, and nothing else is remembered.
    return false;
  }

  /**
   * @param ofService the connection's place among the Service's, taken over
   */
  void dial(Endpoint endpoint, Duration timeout, Place ofService, Waiter waiter) {
    UpstreamPlace place = terms.place(ofService);
    if (place == null) {
      loop.execute(() -> {
        if (waiter.isWaiting()) {
          waiter.notConnected(new Unreachable(Unreachable.Reason.OVERLOADED, terms.tooMany()));
        }
      });
      return;
    }
    Future<Upstream> connecting = terms.dialer().connect(loop, endpoint);
    Future<?> timer =
        connecting.isDone()
            ? null
            : loop.schedule(
                () -> connecting.cancel(false), timeout.toNanos(), TimeUnit.NANOSECONDS);
    connecting.addListener(
        (FutureListener<Upstream>)
            result -> {
              if (timer != null) {
                timer.cancel(false);
              }
              if (!result.isSuccess()) {
                place.close();
                if (waiter.isWaiting()) {
                  waiter.notConnected(
                      result.isCancelled()
                          ? new Unreachable(
                              Unreachable.Reason.TIMED_OUT, "not connected within " + timeout)
                          : result.cause());
                }
                return;
              }
              UpstreamConnection connection = adopt(result.getNow(), endpoint, place);
              if (!waiter.isWaiting()) {
                give(connection);
              } else if (connection.isOpen()) {
                waiter.connected(connection);
              } else {
                waiter.notConnected(
                    new Unreachable(Unreachable.Reason.REFUSED, "closed as soon as it was open"));
              }
            });
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, Endpoint endpoint, Place ofService) {
    UpstreamPlace place = terms.place(ofService);
    if (place == null) {
      upstream.channel().close();
    } else {
      give(adopt(upstream, endpoint, place));
    }
  }

  private UpstreamConnection adopt(Upstream upstream, Endpoint endpoint, UpstreamPlace place) {
    var connection =
        new UpstreamConnection(upstream, endpoint, this, place, terms.settings().maxHeadBytes());
    connection.install();
    return connection;
  }

  /** Keeps a connection for later. */
  void give(UpstreamConnection connection) {
    if (closed
        || leaving.getAsBoolean()
        || !connection.isOpen()
        || idleCount >= terms.settings().maxIdlePerPod()) {
      connection.retire();
      return;
    }
    if (keeper.takes(connection)) {
      return;
    }
    connection.idleSince(Deadline.now(loop));
    idle.computeIfAbsent(connection.endpoint(), e -> new ArrayDeque<>(4)).addLast(connection);
    idle(1);
    if (sweep == null && idleNanos != Deadline.NONE) {
      sweep = loop.schedule(this::sweep, idleNanos, TimeUnit.NANOSECONDS);
    }
  }

  /** An unused connection has ended by itself. */
  void lost(UpstreamConnection connection) {
    ArrayDeque<UpstreamConnection> connections = idle.get(connection.endpoint());
    if (connections != null && connections.remove(connection)) {
      idle(-1);
      if (onLost != null) {
        onLost.run();
      }
    }
  }

  HttpMetrics metrics() {
    return terms.metrics();
  }

  int idleCount() {
    return idleCount;
  }

  /** Closes what is unused, and keeps nothing any more. */
  void close() {
    closed = true;
    closeIdle();
    limited.values().forEach(LimitedPool::close);
  }

  /** Closes what is unused. */
  void closeIdle() {
    Future<?> running = sweep;
    if (running != null) {
      running.cancel(false);
      sweep = null;
    }
    for (ArrayDeque<UpstreamConnection> connections : idle.values()) {
      connections.forEach(UpstreamConnection::retire);
    }
    idle.clear();
    idle(-idleCount);
    limited.values().forEach(LimitedPool::closeIdle);
  }

  /** Closes the connection that was unused for longest; whether there is one. */
  boolean closeOldest() {
    ArrayDeque<UpstreamConnection> oldest = null;
    for (ArrayDeque<UpstreamConnection> connections : idle.values()) {
      if (!connections.isEmpty()
          && (oldest == null
              || connections.getFirst().idleSinceNanos() < oldest.getFirst().idleSinceNanos())) {
        oldest = connections;
      }
    }
    if (oldest == null) {
      return false;
    }
    UpstreamConnection connection = oldest.removeFirst();
    idle(-1);
    connection.retire();
    return true;
  }

  private void idle(int difference) {
    idleCount += difference;
    keeper.idle(difference);
  }

  private void sweep() {
    sweep = null;
    long now = Deadline.now(loop);
    long oldest = Deadline.NONE;
    var all = idle.values().iterator();
    while (all.hasNext()) {
      ArrayDeque<UpstreamConnection> connections = all.next();
      while (!connections.isEmpty() && now - connections.getFirst().idleSinceNanos() >= idleNanos) {
        connections.removeFirst().retire();
        idle(-1);
      }
      if (connections.isEmpty()) {
        all.remove();
      } else {
        oldest = Math.min(oldest, connections.getFirst().idleSinceNanos());
      }
    }
    if (oldest != Deadline.NONE) {
      sweep = loop.schedule(this::sweep, idleNanos - (now - oldest), TimeUnit.NANOSECONDS);
    }
  }
}
