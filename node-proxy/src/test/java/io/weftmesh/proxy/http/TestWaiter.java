package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import org.jspecify.annotations.Nullable;

/** Waits for a connection to one endpoint, which it expects to get. */
final class TestWaiter implements Upstreams.Waiter {
  private final Endpoint endpoint;
  boolean connected;

  /** Set by the test when it does not want one any more. */
  boolean left;

  /** How often it was told that its wait had nothing to do with the endpoint. */
  int waited;

  TestWaiter(Endpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public void connected(UpstreamSide upstream) {
    connected = true;
  }

  @Override
  public void notConnected(Throwable cause) {
    throw new AssertionError("not connected", cause);
  }

  @Override
  public void limited(Full full) {
    throw new AssertionError(full.toString());
  }

  @Override
  public @Nullable Endpoint turn() {
    return endpoint;
  }

  @Override
  public void waited() {
    waited++;
  }

  @Override
  public boolean settlesFor(Endpoint other) {
    return false;
  }

  @Override
  public boolean isWaiting() {
    return !connected && !left;
  }
}
