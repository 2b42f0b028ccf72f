package io.weftmesh.ca.api;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A {@link ControlThread} in real life: a daemon that outlives every failing task. */
final class RunningControlThread implements ControlThread {
  private static final Logger LOG = LoggerFactory.getLogger(RunningControlThread.class);

  private final ScheduledThreadPoolExecutor executor;
  private final Clock clock = Clock.systemUTC();

  RunningControlThread(String name) {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            Thread.ofPlatform().daemon().name(name).factory(),
            // After close: what still comes in, from a connection that ends, is of no use to
            // anyone.
            new ThreadPoolExecutor.DiscardPolicy());
    executor.setRemoveOnCancelPolicy(true);
  }

  @Override
  public void execute(Runnable task) {
    executor.execute(guarded(task));
  }

  @Override
  public Alarm after(Duration delay, Runnable task) {
    Future<?> scheduled = executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  @Override
  public Instant instant() {
    return clock.instant();
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.error("A control task failed; going on with the next", e);
      }
    };
  }
}
