package io.weftmesh.proxy.http;

import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/2 connections of one client pod on one loop to one endpoint, and who waits for one.
 * Confined to the loop.
 *
 * <p>One connection is opened at a time, whoever asks meanwhile waits for it; a further one only
 * when those there are full. So a stampede of first requests costs one connection.
 */
final class SessionGroup {
  /** More would not be for streams that an endpoint works on, but for such as nobody reads. */
  private static final int MAX_SESSIONS = 16;

  private static final int MAX_WAITING = 4096;

  private final UpstreamSessions owner;
  private final PoolTerms terms;
  private final Endpoint endpoint;
  private final List<UpstreamSession> sessions = new ArrayList<>(1);
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private boolean dialling;
  private boolean serveScheduled;

  /** While the Service's limit is reached, and a place is waited for. */
  private ConnectionPlaces.@Nullable Ticket ticket;

  private @Nullable Full reached;

  SessionGroup(UpstreamSessions owner, PoolTerms terms, Endpoint endpoint) {
    this.owner = owner;
    this.terms = terms;
    this.endpoint = endpoint;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** A connection that takes another stream, and would be opened the same way now; or null. */
  @Nullable UpstreamSession withRoom() {
    for (int i = 0; i < sessions.size(); i++) {
      UpstreamSession session = sessions.get(i);
      if (!owner.isStillRight(session)) {
        session.retire();
        return withRoom();
      }
      if (session.hasRoom()) {
        return session;
      }
    }
    return null;
  }

  void connect(BackendSettings settings, Upstreams.Waiter waiter) {
    UpstreamSession session = waiting.isEmpty() ? withRoom() : null;
    if (session != null) {
      waiter.connected(new UpstreamStream(session));
    } else if (waiting.size() >= MAX_WAITING
        || (!dialling && sessions.size() >= MAX_SESSIONS && areAllSettled())) {
      fail(
          waiter,
          new Unreachable(
              Unreachable.Reason.OVERLOADED,
              waiting.size()
                  + " requests wait, and "
                  + sessions.size()
                  + " connections of at most "
                  + MAX_SESSIONS
                  + " are full"));
    } else {
      waiting.add(new Waiting(waiter, settings));
      dialIfNeeded();
    }
  }

  /** Whether it waited for the limit. */
  boolean abandon(Upstreams.Waiter waiter) {
    boolean ofLimit = false;
    for (Waiting one : List.copyOf(waiting)) {
      if (one.waiter.equals(waiter)) {
        waiting.remove(one);
        ofLimit |= one.stop();
        // There may be nothing left that this group is for.
        serveLater();
      }
    }
    leaveLineIfDone();
    return ofLimit;
  }

  /** Somewhere a connection takes another stream, or is gone. */
  void lookAround() {
    if (!waiting.isEmpty()) {
      serveLater();
    }
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, UpstreamPlace place) {
    established(upstream, place);
  }

  /** Connections without streams are closed; the others with their last. */
  void retireAll() {
    for (UpstreamSession session : List.copyOf(sessions)) {
      session.retire();
    }
  }

  void retireIdle() {
    for (UpstreamSession session : List.copyOf(sessions)) {
      if (session.openStreams() == 0) {
        session.retire();
      }
    }
  }

  /** Closes one without streams that those who wait here do not take; whether there is one. */
  boolean retireOneIdle() {
    if (!waiting.isEmpty()) {
      serve();
    }
    for (UpstreamSession session : sessions) {
      if (session.openStreams() == 0) {
        session.retire();
        return true;
      }
    }
    return false;
  }

  // --- for the sessions ---

  boolean isLeaving() {
    return owner.isLeaving();
  }

  /** Where nothing is balanced, a connection stands for the client's own, whatever its age. */
  boolean isOneClients() {
    return owner.isOneClients();
  }

  void hasRoom() {
    lookAround();
    owner.hasRoom();
  }

  /** Whether others wait for the place of a connection that is not used. */
  boolean isWanted() {
    ConnectionPlaces.Share share = owner.share();
    return share != null && waiting.isEmpty() && share.isWanted();
  }

  /** Connections that are not used came or went. */
  void idle(int difference) {
    ConnectionPlaces.Share share = owner.share();
    if (share != null) {
      share.idle(difference);
    }
  }

  void retired(UpstreamSession session) {
    sessions.remove(session);
    owner.lost();
    serveLater();
  }

  void closed(UpstreamSession session) {
    if (sessions.remove(session)) {
      owner.lost();
    }
    serveLater();
  }

  // --- connecting ---

  private boolean areAllSettled() {
    for (UpstreamSession session : sessions) {
      if (!session.isSettled()) {
        return false;
      }
    }
    return true;
  }

  private void dialIfNeeded() {
    Waiting first = waiting.peek();
    if (first == null || dialling || sessions.size() >= MAX_SESSIONS || !areAllSettled()) {
      return;
    }
    ConnectionPlaces.Share share = owner.share();
    if (share == null) {
      dial(Place.UNCOUNTED, first.settings.connectTimeout());
      return;
    }
    if (ticket == null) {
      switch (share.acquire(first.settings)) {
        case Place place -> {
          dial(place, first.settings.connectTimeout());
          return;
        }
        case Full full -> reached = full;
      }
    }
    serveElsewhere();
    if (ticket == null && !waiting.isEmpty()) {
      ticket = share.await(first.settings, this::granted);
    }
    waiting.forEach(Waiting::hurry);
  }

  private void serveElsewhere() {
    for (Waiting one : List.copyOf(waiting)) {
      UpstreamSession session = one.waiter.isWaiting() ? owner.elsewhere(one.waiter) : null;
      if (session != null) {
        waiting.remove(one);
        one.connected(session);
      }
    }
    leaveLineIfDone();
  }

  private void leaveLineIfDone() {
    ConnectionPlaces.Ticket mine = ticket;
    if (mine != null && waiting.isEmpty()) {
      ticket = null;
      mine.cancel();
    }
  }

  private void granted(Place place) {
    // Not always the one that the place is for: that one may have been cancelled too late.
    ConnectionPlaces.Ticket mine = ticket;
    ticket = null;
    if (mine != null) {
      mine.cancel();
    }
    Waiting first = waiting.peek();
    if (first == null || dialling) {
      place.close();
      return;
    }
    waiting.forEach(Waiting::granted);
    dial(place, first.settings.connectTimeout());
  }

  private void dial(Place ofService, Duration timeout) {
    UpstreamPlace place = terms.place(ofService);
    if (place == null) {
      failAll(new Unreachable(Unreachable.Reason.OVERLOADED, terms.tooMany()));
      return;
    }
    dialling = true;
    Future<Upstream> connecting = terms.dialer().connect(terms.loop(), endpoint);
    Future<?> timer =
        connecting.isDone()
            ? null
            : terms
                .loop()
                .schedule(() -> connecting.cancel(false), timeout.toNanos(), TimeUnit.NANOSECONDS);
    connecting.addListener(
        (FutureListener<Upstream>)
            result -> {
              dialling = false;
              if (timer != null) {
                timer.cancel(false);
              }
              if (result.isSuccess()) {
                established(result.getNow(), place);
                return;
              }
              place.close();
              failAll(
                  result.isCancelled()
                      ? new Unreachable(
                          Unreachable.Reason.TIMED_OUT, "not connected within " + timeout)
                      : result.cause());
            });
  }

  private void established(Upstream upstream, UpstreamPlace place) {
    UpstreamSession session =
        UpstreamSession.install(terms.settings(), terms.metrics(), this, upstream, place);
    if (!upstream.channel().isActive()) {
      failAll(new Unreachable(Unreachable.Reason.REFUSED, "closed as soon as it was open"));
      return;
    }
    sessions.add(session);
    serve();
    if (session.openStreams() == 0 && isWanted()) {
      session.retire();
    }
  }

  private void serve() {
    serveScheduled = false;
    while (!waiting.isEmpty()) {
      if (!waiting.element().waiter.isWaiting()) {
        waiting.remove().stop();
        continue;
      }
      UpstreamSession session = withRoom();
      if (session == null) {
        break;
      }
      waiting.remove().connected(session);
    }
    leaveLineIfDone();
    dialIfNeeded();
    if (owner.isClosed()) {
      retireAll();
    }
    if (sessions.isEmpty() && waiting.isEmpty() && !dialling && !serveScheduled) {
      owner.forget(this);
    }
  }

  /** Not at once: the news come out of the middle of the codec's work. */
  private void serveLater() {
    if (!serveScheduled) {
      serveScheduled = true;
      terms.loop().execute(this::serve);
    }
  }

  private void failAll(Throwable cause) {
    // Those who ask from within are the next attempt's.
    List<Waiting> failed = List.copyOf(waiting);
    waiting.clear();
    for (Waiting one : failed) {
      one.stop();
      fail(one.waiter, cause);
    }
    leaveLineIfDone();
    serveLater();
  }

  /** Not at once: an exchange would try again in the middle of its own try. */
  private void fail(Upstreams.Waiter waiter, Throwable cause) {
    terms
        .loop()
        .execute(() -> {
          if (waiter.isWaiting()) {
            waiter.notConnected(cause);
          }
        });
  }

  /** A request that waits. */
  private final class Waiting {
    private final Upstreams.Waiter waiter;
    private final BackendSettings settings;
    private @Nullable Future<?> timer;

    Waiting(Upstreams.Waiter waiter, BackendSettings settings) {
      this.waiter = waiter;
      this.settings = settings;
    }

    /** It waits for the limit, which may take no longer than a connection to be opened. */
    void hurry() {
      if (timer == null) {
        timer =
            terms
                .loop()
                .schedule(this::expired, settings.connectTimeout().toNanos(), TimeUnit.NANOSECONDS);
      }
    }

    /** From here on it waits for the endpoint, whose time that is. */
    void granted() {
      if (stop() && waiter.isWaiting()) {
        waiter.waited();
      }
    }

    void connected(UpstreamSession session) {
      granted();
      waiter.connected(new UpstreamStream(session));
    }

    /** Waits no longer; whether it waited for the limit. */
    boolean stop() {
      Future<?> running = timer;
      if (running != null) {
        running.cancel(false);
        timer = null;
      }
      return running != null;
    }

    private void expired() {
      waiting.remove(this);
      leaveLineIfDone();
      Full limit = reached;
      if (limit != null && waiter.isWaiting()) {
        waiter.limited(limit);
      }
      serveLater();
    }
  }
}
