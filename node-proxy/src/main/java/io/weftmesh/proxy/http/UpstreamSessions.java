package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.tunnel.Upstream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of HTTP/2 of one client pod on one event loop. Never shared between
 * pods: a connection carries the pod's address and identity.
 *
 * <p>Those of a Service whose connections are limited are apart, as in {@link LimitedPool}. A
 * request that finds the limit reached goes by a connection to another endpoint that takes it, if
 * nothing ties it to its own: one connection carries many requests, and may never be unused.
 */
final class UpstreamSessions implements Upstreams {
  private final PoolTerms terms;
  private final BooleanSupplier leaving;
  private final @Nullable Runnable onLost;
  private final Map<Endpoint, SessionGroup> groups = new HashMap<>();
  private final Map<ServiceKey, UpstreamSessions> limited = new HashMap<>();
  private final @Nullable ConnectionPlaces places;
  private final ConnectionPlaces.@Nullable Share share;
  private boolean closed;

  /**
   * @param leaving whether nothing is to be kept any more
   * @param onLost told when a connection was closed or takes no more; null unless all are for one
   *     client connection, which they stand for
   */
  UpstreamSessions(PoolTerms terms, BooleanSupplier leaving, @Nullable Runnable onLost) {
    this(terms, leaving, onLost, null);
  }

  private UpstreamSessions(
      PoolTerms terms,
      BooleanSupplier leaving,
      @Nullable Runnable onLost,
      @Nullable ConnectionPlaces places) {
    this.terms = terms;
    this.leaving = leaving;
    this.onLost = onLost;
    this.places = places;
    this.share =
        places == null ? null : places.share(terms.client(), terms.loop(), this::closeOneIdle);
  }

  @Override
  public UpstreamSessions limited(ServiceKey service, ConnectionPlaces ofService) {
    UpstreamSessions known = limited.get(service);
    if (known != null && known.places == ofService) {
      return known;
    }
    if (known != null) {
      known.close();
    }
    var fresh = new UpstreamSessions(terms, leaving, null, ofService);
    limited.put(service, fresh);
    if (closed) {
      fresh.close();
    }
    return fresh;
  }

  /** A connection that others use, or used, is as good as new: see {@link UpstreamSession}. */
  @Override
  public @Nullable UpstreamStream take(Endpoint endpoint, long maxIdleNanos) {
    SessionGroup group = groups.get(endpoint);
    UpstreamSession session = group == null ? null : group.withRoom();
    return session == null ? null : new UpstreamStream(session);
  }

  @Override
  public void connect(Endpoint endpoint, BackendSettings settings, Waiter waiter) {
    group(endpoint).connect(settings, waiter);
  }

  @Override
  public boolean abandon(Waiter waiter) {
    boolean ofLimit = false;
    // Elsewhere a group finds out by itself: its connection is for whoever waits for it then.
    if (share != null) {
      for (SessionGroup group : groups.values()) {
        ofLimit |= group.abandon(waiter);
      }
    }
    return ofLimit;
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, Endpoint endpoint, Place ofService) {
    UpstreamPlace place = terms.place(ofService);
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
    limited.values().forEach(UpstreamSessions::closeIdle);
  }

  private boolean closeOneIdle() {
    for (SessionGroup group : List.copyOf(groups.values())) {
      if (group.retireOneIdle()) {
        return true;
      }
    }
    return false;
  }

  /** Closes what is unused, and the rest when it is. */
  void close() {
    closed = true;
    for (SessionGroup group : List.copyOf(groups.values())) {
      group.retireAll();
    }
    limited.values().forEach(UpstreamSessions::close);
    if (share != null) {
      share.close();
    }
  }

  private SessionGroup group(Endpoint endpoint) {
    return groups.computeIfAbsent(endpoint, e -> new SessionGroup(this, terms, e));
  }

  /** To how many there are connections, or somebody waits for one. */
  int endpoints() {
    return groups.size();
  }

  // --- for the groups ---

  /** Null where connections are not limited. */
  ConnectionPlaces.@Nullable Share share() {
    return share;
  }

  /** A connection to another endpoint that takes another stream, if the waiter settles for it. */
  @Nullable UpstreamSession elsewhere(Waiter waiter) {
    for (SessionGroup group : List.copyOf(groups.values())) {
      UpstreamSession session = group.withRoom();
      if (session != null && waiter.settlesFor(session.endpoint())) {
        return session;
      }
    }
    return null;
  }

  /** A connection takes another stream, which those who wait for a place may settle for. */
  void hasRoom() {
    if (places != null && places.waiting() > 0) {
      groups.values().forEach(SessionGroup::lookAround);
    }
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
    return terms.dialer().isStillRight(session.endpoint(), session.security());
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
