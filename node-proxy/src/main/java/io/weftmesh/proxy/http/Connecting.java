package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.Tried;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/** The wait of one try for its connection. Confined to the loop of the request. */
final class Connecting implements Upstreams.Waiter {
  private final Exchange exchange;
  private final Upstreams upstreams;
  private final Target target;
  private final Head request;
  private final @Nullable Tried tried;
  private boolean over;

  Connecting(
      Exchange exchange, Upstreams upstreams, Target target, Head request, @Nullable Tried tried) {
    this.exchange = exchange;
    this.upstreams = upstreams;
    this.target = target;
    this.request = request;
    this.tried = tried;
  }

  /** Begins; it may be over when this returns. */
  void to(Endpoint endpoint) {
    upstreams.connect(endpoint, target.settings(), this);
  }

  /** The connection is not wanted any more. */
  void stop() {
    if (!over) {
      over = true;
      if (upstreams.abandon(this)) {
        target.untried();
      }
    }
  }

  @Override
  public void connected(UpstreamSide upstream) {
    over = true;
    exchange.connected(upstream);
  }

  @Override
  public void notConnected(Throwable cause) {
    over = true;
    exchange.notConnected(cause);
  }

  @Override
  public void limited(Full full) {
    over = true;
    target.untried();
    exchange.notConnected(
        ErrorReason.LIMIT_REACHED,
        target.label()
            + ": "
            + full
            + ", and no connection came free in "
            + target.settings().connectTimeout());
  }

  @Override
  public @Nullable Endpoint turn() {
    target.untried();
    target.close();
    Endpoint endpoint = target.next(request, tried);
    if (endpoint == null) {
      over = true;
      exchange.notConnected(ErrorReason.NO_ENDPOINT, target.noEndpoint());
    }
    return endpoint;
  }

  @Override
  public void waited() {
    target.waited();
  }

  @Override
  public boolean settlesFor(Endpoint other) {
    return target.settleFor(other, request, tried);
  }

  @Override
  public boolean isWaiting() {
    return !over;
  }
}
