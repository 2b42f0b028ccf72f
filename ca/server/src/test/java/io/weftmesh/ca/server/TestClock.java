package io.weftmesh.ca.server;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands until it is moved. */
public final class TestClock implements InstantSource {
  private volatile Instant now;

  public TestClock(Instant now) {
    this.now = now;
  }

  @Override
  public Instant instant() {
    return now;
  }

  /** The same time as nanoseconds. */
  public long nanos() {
    return Duration.between(Instant.EPOCH, now).toNanos();
  }

  public void advance(Duration by) {
    now = now.plus(by);
  }
}
