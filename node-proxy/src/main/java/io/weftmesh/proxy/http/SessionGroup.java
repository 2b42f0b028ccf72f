package io.weftmesh.proxy.http;

import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Limit;
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
  private final Endpoint endpoint;
  private final List<UpstreamSession> sessions = new ArrayList<>(1);
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private boolean dialling;
  private boolean serveScheduled;

  private record Waiting(Upstreams.Waiter waiter, Duration timeout) {}

  SessionGroup(UpstreamSessions owner, Endpoint endpoint) {
    this.owner = owner;
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

  void connect(Duration timeout, Upstreams.Waiter waiter) {
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
      waiting.add(new Waiting(waiter, timeout));
      dialIfNeeded();
    }
  }

  /** Takes over a connection that somebody else has opened and not used. */
  void offer(Upstream upstream, Limit.Guard place) {
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

  // --- for the sessions ---

  boolean isLeaving() {
    return owner.isLeaving();
  }

  /** Where nothing is balanced, a connection stands for the client's own, whatever its age. */
  boolean isOneClients() {
    return owner.isOneClients();
  }

  void hasRoom() {
    if (!waiting.isEmpty()) {
      serveLater();
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
    Limit.Guard place = owner.places().tryAcquire();
    if (place == null) {
      failAll(
          new Unreachable(
              Unreachable.Reason.OVERLOADED,
              "this pod has " + owner.places().max() + " upstream connections open already"));
      return;
    }
    dialling = true;
    dial(place, first.timeout());
  }

  private void dial(Limit.Guard place, Duration timeout) {
    Future<Upstream> connecting = owner.dialer().connect(owner.loop(), endpoint);
    Future<?> timer =
        connecting.isDone()
            ? null
            : owner
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

  private void established(Upstream upstream, Limit.Guard place) {
    UpstreamSession session =
        UpstreamSession.install(owner.settings(), owner.metrics(), this, upstream, place);
    if (!upstream.channel().isActive()) {
      failAll(new Unreachable(Unreachable.Reason.REFUSED, "closed as soon as it was open"));
      return;
    }
    sessions.add(session);
    serve();
  }

  private void serve() {
    serveScheduled = false;
    while (!waiting.isEmpty()) {
      if (!waiting.element().waiter().isWaiting()) {
        waiting.remove();
        continue;
      }
      UpstreamSession session = withRoom();
      if (session == null) {
        break;
      }
      waiting.remove().waiter().connected(new UpstreamStream(session));
    }
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
      owner.loop().execute(this::serve);
    }
  }

  private void failAll(Throwable cause) {
    // Those who ask from within are the next attempt's.
    List<Waiting> failed = List.copyOf(waiting);
    waiting.clear();
    for (Waiting one : failed) {
      fail(one.waiter(), cause);
    }
    serveLater();
  }

  /** Not at once: an exchange would try again in the middle of its own try. */
  private void fail(Upstreams.Waiter waiter, Throwable cause) {
    owner
        .loop()
        .execute(() -> {
          if (waiter.isWaiting()) {
            waiter.notConnected(cause);
          }
        });
  }
}
