package io.weftmesh.proxy.http;

import io.netty.util.concurrent.Future;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.tunnel.Upstream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of HTTP/1 of one client pod on one event loop to a Service whose
 * connections are limited. They are its own, and no other Service's that has the same endpoints: or
 * one would use up the other's.
 *
 * <p>A request that finds the limit reached waits, for no longer than a connection may take to be
 * opened. What ends its wait is a connection of this pool to its endpoint that comes free, or a
 * place, with which it chooses its endpoint again and opens one. See {@link ConnectionPlaces} for
 * who comes first.
 */
final class LimitedPool implements Upstreams, UpstreamPool.Keeper {
  private final UpstreamPool pool;
  private final ConnectionPlaces places;
  private final ConnectionPlaces.Share share;

  /** Those that wait, the first first. */
  private final Map<Waiter, Waiting> waiting = new LinkedHashMap<>();

  LimitedPool(UpstreamPool of, ConnectionPlaces places) {
    this.pool = of.part(this);
    this.places = places;
    this.share = places.share(of.terms().client(), of.terms().loop(), pool::closeOldest);
  }

  boolean isOf(ConnectionPlaces others) {
    return places == others;
  }

  @Override
  public Upstreams limited(ServiceKey service, ConnectionPlaces others) {
    throw new IllegalStateException("these are " + service + "'s own already");
  }

  @Override
  public @Nullable UpstreamSide take(Endpoint endpoint, long maxIdleNanos) {
    return pool.take(endpoint, maxIdleNanos);
  }

  @Override
  public void connect(Endpoint endpoint, BackendSettings settings, Waiter waiter) {
    switch (share.acquire(settings)) {
      case Place place -> pool.dial(endpoint, settings.connectTimeout(), place, waiter);
      case Full full -> new Waiting(endpoint, settings, waiter, full).begin();
    }
  }

  @Override
  public boolean abandon(Waiter waiter) {
    Waiting abandoned = waiting.get(waiter);
    if (abandoned == null) {
      return false;
    }
    abandoned.end();
    return true;
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, Endpoint endpoint, Place place) {
    pool.offer(upstream, endpoint, place);
  }

  void closeIdle() {
    pool.closeIdle();
  }

  void close() {
    pool.close();
    share.close();
  }

  @Override
  public void idle(int difference) {
    share.idle(difference);
  }

  @Override
  public boolean takes(UpstreamConnection connection) {
    if (!share.isWanted()) {
      return false;
    }
    Waiting next = next(connection.endpoint());
    if (next != null && pool.isStillRight(connection) && share.mayOvertake()) {
      next.end();
      next.waiter.waited();
      next.waiter.connected(connection);
    } else {
      connection.retire();
    }
    return true;
  }

  private @Nullable Waiting next(Endpoint endpoint) {
    for (Waiting one : waiting.values()) {
      if (one.endpoint.equals(endpoint) && one.waiter.isWaiting()) {
        return one;
      }
    }
    return null;
  }

  /** A request that waits. */
  private final class Waiting implements ConnectionPlaces.Waiter {
    private final Endpoint endpoint;
    private final BackendSettings settings;
    private final Waiter waiter;
    private final Full full;
    private ConnectionPlaces.@Nullable Ticket ticket;
    private @Nullable Future<?> timer;

    Waiting(Endpoint endpoint, BackendSettings settings, Waiter waiter, Full full) {
      this.endpoint = endpoint;
      this.settings = settings;
      this.waiter = waiter;
      this.full = full;
    }

    void begin() {
      waiting.put(waiter, this);
      ticket = share.await(settings, this);
      timer =
          pool.terms()
              .loop()
              .schedule(this::expired, settings.connectTimeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Waits no longer. */
    void end() {
      waiting.remove(waiter);
      if (ticket != null) {
        ticket.cancel();
      }
      if (timer != null) {
        timer.cancel(false);
      }
    }

    @Override
    public void granted(Place place) {
      boolean awaited = waiting.get(waiter) == this;
      end();
      Endpoint to = awaited ? waiter.turn() : null;
      if (to == null) {
        place.close();
      } else {
        pool.dial(to, settings.connectTimeout(), place, waiter);
      }
    }

    private void expired() {
      end();
      if (waiter.isWaiting()) {
        waiter.limited(full);
      }
    }
  }
}
