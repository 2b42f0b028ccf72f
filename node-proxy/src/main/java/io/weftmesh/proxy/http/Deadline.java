package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One point in time that is moved with nearly every request, and seldom reached. Moving it later,
 * or clearing it, touches no timer: the one that runs finds out when it fires, and waits on. So a
 * connection with a time-out costs one timer per time-out period and not one per request.
 *
 * <p>By the event loop's own clock.
 */
final class Deadline implements Runnable {
  static final long NONE = Long.MAX_VALUE;

  private final EventLoop loop;
  private final Runnable reached;
  private long atNanos = NONE;
  private long timerNanos = NONE;
  private @Nullable Future<?> timer;

  /**
   * @param reached called on the loop; sets a new deadline if it wants one
   */
  Deadline(EventLoop loop, Runnable reached) {
    this.loop = loop;
    this.reached = reached;
  }

  static long now(EventLoop loop) {
    return loop.ticker().nanoTime();
  }

  /**
   * @param newNanos in the loop's time, or {@link #NONE}
   */
  void set(long newNanos) {
    atNanos = newNanos;
    if (newNanos < timerNanos) {
      schedule();
    }
  }

  /** For when the connection is gone. */
  void cancel() {
    atNanos = NONE;
    Future<?> running = timer;
    if (running != null) {
      running.cancel(false);
      timer = null;
      timerNanos = NONE;
    }
  }

  @Override
  public void run() {
    timer = null;
    timerNanos = NONE;
    if (atNanos == NONE) {
      return;
    }
    if (now(loop) < atNanos) {
      schedule();
    } else {
      atNanos = NONE;
      reached.run();
    }
  }

  private void schedule() {
    Future<?> running = timer;
    if (running != null) {
      running.cancel(false);
    }
    timerNanos = atNanos;
    timer = loop.schedule(this, Math.max(0, atNanos - now(loop)), TimeUnit.NANOSECONDS);
  }
}
