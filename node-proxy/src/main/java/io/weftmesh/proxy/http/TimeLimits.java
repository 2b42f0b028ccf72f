package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.weftmesh.policy.model.Timeouts;
import java.time.Duration;

/**
 * How long one request may take: as a whole, for one try, and without a byte in either direction.
 * All three share the one {@link Deadline} of the client's connection. Confined to its loop.
 */
final class TimeLimits {
  /** What has taken too long. */
  enum Reached {
    NOTHING,
    REQUEST,
    TRY,
    IDLE
  }

  private final EventLoop loop;
  private final Deadline deadline;
  private final long startNanos;
  private Timeouts timeouts = Timeouts.NONE;
  private Duration idle = Duration.ZERO;
  private long requestByNanos = Deadline.NONE;
  private long tryByNanos = Deadline.NONE;
  private long activeNanos;

  /**
   * @param deadline lent until {@link #end}
   */
  TimeLimits(EventLoop loop, Deadline deadline) {
    this.loop = loop;
    this.deadline = deadline;
    this.startNanos = now();
    this.activeNanos = startNanos;
  }

  /** What holds, reckoned from the request's beginning. */
  void hold(Timeouts newTimeouts, Duration idleTimeout) {
    timeouts = newTimeouts;
    idle = idleTimeout;
    if (!timeouts.request().isZero()) {
      requestByNanos = startNanos + timeouts.request().toNanos();
    }
  }

  Timeouts timeouts() {
    return timeouts;
  }

  Duration idle() {
    return idle;
  }

  long tookNanos() {
    return now() - startNanos;
  }

  /** A byte came, from either side. */
  void active() {
    activeNanos = now();
  }

  void beginTry() {
    if (!timeouts.perTry().isZero()) {
      tryByNanos = now() + timeouts.perTry().toNanos();
    }
    arm();
  }

  void endTry() {
    tryByNanos = Deadline.NONE;
  }

  /** The answer is complete, and only the idle time-out holds for the rest of the request. */
  void answered() {
    requestByNanos = Deadline.NONE;
  }

  /** Whether something that begins after a pause would begin in time. */
  boolean allows(long pauseNanos) {
    return requestByNanos == Deadline.NONE || now() + pauseNanos < requestByNanos;
  }

  void arm() {
    deadline.set(Math.min(idleByNanos(), Math.min(requestByNanos, tryByNanos)));
  }

  /** The deadline has been reached, or one of those that were set before it. */
  Reached reached() {
    long now = now();
    if (now >= requestByNanos) {
      return Reached.REQUEST;
    }
    if (now >= tryByNanos) {
      return Reached.TRY;
    }
    return now >= idleByNanos() ? Reached.IDLE : Reached.NOTHING;
  }

  /** Bytes of another protocol flow, which nobody here sees. */
  void stop() {
    deadline.cancel();
  }

  void end() {
    deadline.set(Deadline.NONE);
  }

  private long idleByNanos() {
    return idle.isZero() ? Deadline.NONE : activeNanos + idle.toNanos();
  }

  private long now() {
    return Deadline.now(loop);
  }
}
