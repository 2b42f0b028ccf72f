package io.weftmesh.proxy.http;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import org.jspecify.annotations.Nullable;

/** Where an {@link Exchange} gets its {@link UpstreamSide}s. Confined to one event loop. */
interface Upstreams {
  /** Those of a Service whose connections are limited, which are apart from all others. */
  Upstreams limited(ServiceKey service, ConnectionPlaces places);

  /**
   * A place on a connection that is open as far as can be known, or null.
   *
   * @param maxIdleNanos not one that was unused for longer
   */
  @Nullable UpstreamSide take(Endpoint endpoint, long maxIdleNanos);

  /** Sees to a connection; the waiter hears of it on the loop, perhaps before this returns. */
  void connect(Endpoint endpoint, BackendSettings settings, Waiter waiter);

  /**
   * Who does not wait any more, and need not be remembered.
   *
   * @return whether what it waited for was the Service's limit, and no endpoint
   */
  boolean abandon(Waiter waiter);

  /** Who waits for a connection. */
  interface Waiter {
    void connected(UpstreamSide upstream);

    void notConnected(Throwable cause);

    /** The Service's limit was reached, and nothing came free in the time that there was. */
    void limited(Full full);

    /** After a wait for the Service's limit: where to connect to now; null if nowhere any more. */
    @Nullable Endpoint turn();

    /** After such a wait, the endpoint that was asked for will be had at once. */
    void waited();

    /** Whether another endpoint will do, to which there is a connection; then it is agreed. */
    boolean settlesFor(Endpoint other);

    /** Whether it still wants one; if not, the connection is kept for others. */
    boolean isWaiting();
  }
}
