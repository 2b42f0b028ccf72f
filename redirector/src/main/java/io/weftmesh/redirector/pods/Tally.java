package io.weftmesh.redirector.pods;

import io.weftmesh.redirector.lease.Counters;
import java.util.concurrent.atomic.AtomicLong;

/** What is counted since the start. Thread-safe. */
public final class Tally {
  private final AtomicLong repairs = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong abandoned = new AtomicLong();

  void repaired() {
    repairs.incrementAndGet();
  }

  /** A message or connection was refused. */
  public void refused() {
    refused.incrementAndGet();
  }

  void abandoned() {
    abandoned.incrementAndGet();
  }

  /** The present figures. */
  public Counters counters() {
    return new Counters(repairs.get(), refused.get(), abandoned.get());
  }
}
