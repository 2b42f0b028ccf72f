package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.tunnel.Upstream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of HTTP/2 of one client pod on one event loop. Never shared between
 * pods: a connection carries the pod's address and identity.
 */
final class UpstreamSessions implements Upstreams {
  private final EventLoop loop;
  private final Dialer dialer;
  private final Limit places;
  private final HttpSettings settings;
  private final HttpMetrics metrics;
  private final BooleanSupplier leaving;
  private final @Nullable Runnable onLost;
  private final Map<Endpoint, SessionGroup> groups = new HashMap<>();
  private boolean closed;

  /**
   * @param leaving whether nothing is to be kept any more
   * @param onLost told when a connection was closed or takes no more; null unless all are for one
   *     client connection, which they stand for
   */
  UpstreamSessions(
      EventLoop loop,
      Dialer dialer,
      Limit places,
      HttpSettings settings,
      HttpMetrics metrics,
      BooleanSupplier leaving,
      @Nullable Runnable onLost) {
    this.loop = loop;
    this.dialer = dialer;
    this.places = places;
    this.settings = settings;
    this.metrics = metrics;
    this.leaving = leaving;
    this.onLost = onLost;
  }

  /** A connection that others use, or used, is as good as new: see {@link UpstreamSession}. */
  @Override
  public @Nullable UpstreamStream take(Endpoint endpoint, long maxIdleNanos) {
    SessionGroup group = groups.get(endpoint);
    UpstreamSession session = group == null ? null : group.withRoom();
    return session == null ? null : new UpstreamStream(session);
  }

  @Override
  public void connect(Endpoint endpoint, Duration timeout, Waiter waiter) {
    group(endpoint).connect(timeout, waiter);
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, Endpoint endpoint) {
    Limit.Guard place = closed ? null : places.tryAcquire();
    if (place == null) {
      upstream.channel().close();
    } else {
      group(endpoint).offer(upstream, place);
    }
  }

  /** Closes what is unused. */
  void closeIdle() {
    for (SessionGroup group : List.copyOf(groups.values())) {
      group.retireIdle();
    }
  }

  /** Closes what is unused, and the rest when it is. */
  void close() {
    closed = true;
    for (SessionGroup group : List.copyOf(groups.values())) {
      group.retireAll();
    }
  }

  private SessionGroup group(Endpoint endpoint) {
    return groups.computeIfAbsent(endpoint, e -> new SessionGroup(this, e));
  }

  // --- for the groups ---

  EventLoop loop() {
    return loop;
  }

  Dialer dialer() {
    return dialer;
  }

  Limit places() {
    return places;
  }

  HttpSettings settings() {
    return settings;
  }

  HttpMetrics metrics() {
    return metrics;
  }

  boolean isLeaving() {
    return closed || leaving.getAsBoolean();
  }

  boolean isClosed() {
    return closed;
  }

  boolean isOneClients() {
    return onLost != null;
  }

  boolean isStillRight(UpstreamSession session) {
    return dialer.isStillRight(session.endpoint(), session.security());
  }

  void lost() {
    if (onLost != null && !closed) {
      onLost.run();
    }
  }

  void forget(SessionGroup group) {
    groups.remove(group.endpoint(), group);
  }
}
