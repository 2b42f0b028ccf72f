package io.weftmesh.ca.api;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executor;

/**
 * The one thread on which a part of the control work happens, in order, and the clock that it goes
 * by. What is confined to it needs no lock; tests bring their own, whose time they move.
 */
public interface ControlThread extends Executor, InstantSource, AutoCloseable {
  /** Runs a task on this thread when the delay has passed. */
  Alarm after(Duration delay, Runnable task);

  /** Runs nothing any more, not even what is waiting. */
  @Override
  void close();

  /** A thread of its own, by the system's clock. */
  static ControlThread start(String name) {
    return new RunningControlThread(name);
  }

  /** A task that is to run later. */
  @FunctionalInterface
  interface Alarm {
    /** Keeps the task from running; without effect when it ran. Called on the control thread. */
    void cancel();
  }
}
