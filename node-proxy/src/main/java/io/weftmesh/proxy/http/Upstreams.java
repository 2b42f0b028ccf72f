package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where an {@link Exchange} gets its {@link UpstreamSide}s. Confined to one event loop. */
interface Upstreams {
  /**
   * A place on a connection that is open as far as can be known, or null.
   *
   * @param maxIdleNanos not one that was unused for longer
   */
  @Nullable UpstreamSide take(Endpoint endpoint, long maxIdleNanos);

  /** Sees to a connection; the waiter hears of it on the loop, perhaps before this returns. */
  void connect(Endpoint endpoint, Duration timeout, Waiter waiter);

  /** Who waits for a connection. */
  interface Waiter {
    void connected(UpstreamSide upstream);

    void notConnected(Throwable cause);

    /** Whether it still wants one; if not, the connection is kept for others. */
    boolean isWaiting();
  }
}
