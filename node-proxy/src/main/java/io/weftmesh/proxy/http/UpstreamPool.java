package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Limit;
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
  private final EventLoop loop;
  private final Dialer dialer;
  private final Limit places;
  private final HttpSettings settings;
  private final HttpMetrics metrics;
  private final long idleNanos;
  private final BooleanSupplier leaving;
  private final @Nullable Runnable onLost;
  private final Map<Endpoint, ArrayDeque<UpstreamConnection>> idle = new HashMap<>();
  private int idleCount;
  private @Nullable Future<?> sweep;
  private boolean closed;

  /**
   * @param idleNanos after which an unused connection is closed
   * @param leaving whether nothing is to be kept any more
   * @param onLost told when an unused connection was closed by the other side, or null
   */
  UpstreamPool(
      EventLoop loop,
      Dialer dialer,
      Limit places,
      HttpSettings settings,
      HttpMetrics metrics,
      long idleNanos,
      BooleanSupplier leaving,
      @Nullable Runnable onLost) {
    this.loop = loop;
    this.dialer = dialer;
    this.places = places;
    this.settings = settings;
    this.metrics = metrics;
    this.idleNanos = idleNanos;
    this.leaving = leaving;
    this.onLost = onLost;
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
      idleCount--;
      if (connection.isOpen() && dialer.isStillRight(endpoint, connection.security())) {
        return connection;
      }
      connection.retire();
      connection = connections.peekLast();
    }
    return null;
  }

  @Override
  public void connect(Endpoint endpoint, Duration timeout, Waiter waiter) {
    Limit.Guard place = places.tryAcquire();
    if (place == null) {
      loop.execute(() -> {
        if (waiter.isWaiting()) {
          waiter.notConnected(
              new Unreachable(
                  Unreachable.Reason.OVERLOADED,
                  "this pod has " + places.max() + " upstream connections open already"));
        }
      });
      return;
    }
    Future<Upstream> connecting = dialer.connect(loop, endpoint);
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
  void offer(Upstream upstream, Endpoint endpoint) {
    Limit.Guard place = closed ? null : places.tryAcquire();
    if (place == null) {
      upstream.channel().close();
    } else {
      give(adopt(upstream, endpoint, place));
    }
  }

  private UpstreamConnection adopt(Upstream upstream, Endpoint endpoint, Limit.Guard place) {
    var connection =
        new UpstreamConnection(upstream, endpoint, this, place, settings.maxHeadBytes());
    connection.install();
    return connection;
  }

  /** Keeps a connection for later. */
  void give(UpstreamConnection connection) {
    if (closed
        || leaving.getAsBoolean()
        || !connection.isOpen()
        || idleCount >= settings.maxIdlePerPod()) {
      connection.retire();
      return;
    }
    connection.idleSince(Deadline.now(loop));
    idle.computeIfAbsent(connection.endpoint(), e -> new ArrayDeque<>(4)).addLast(connection);
    idleCount++;
    if (sweep == null && idleNanos != Deadline.NONE) {
      sweep = loop.schedule(this::sweep, idleNanos, TimeUnit.NANOSECONDS);
    }
  }

  /** An unused connection has ended by itself. */
  void lost(UpstreamConnection connection) {
    ArrayDeque<UpstreamConnection> connections = idle.get(connection.endpoint());
    if (connections != null && connections.remove(connection)) {
      idleCount--;
      if (onLost != null) {
        onLost.run();
      }
    }
  }

  HttpMetrics metrics() {
    return metrics;
  }

  int idleCount() {
    return idleCount;
  }

  /** Closes what is unused, and keeps nothing any more. */
  void close() {
    closed = true;
    closeIdle();
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
    idleCount = 0;
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
        idleCount--;
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
