package io.weftmesh.proxy.balance;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Time that passes when the test says so. */
final class ManualTicker implements LongSupplier {
  private long nanos;

  @Override
  public long getAsLong() {
    return nanos;
  }

  void advance(Duration duration) {
    nanos += duration.toNanos();
  }
}
