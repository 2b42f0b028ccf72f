package io.weftmesh.proxy.tunnel;

import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;

/** A connection that somebody waits for. Confined to one event loop. */
final class StreamRequest {
  private static final int MAX_ATTEMPTS = 3;

  private final InetSocketAddress client;
  private final InetSocketAddress target;
  private final String authority;
  private final Promise<DuplexChannel> promise;
  private int attempts;

  StreamRequest(
      InetSocketAddress client, InetSocketAddress target, Promise<DuplexChannel> promise) {
    this.client = client;
    this.target = target;
    this.authority = Authority.format(target);
    this.promise = promise;
  }

  /** The client pod. */
  InetSocketAddress client() {
    return client;
  }

  /** The application that is to be reached. */
  InetSocketAddress target() {
    return target;
  }

  String authority() {
    return authority;
  }

  Promise<DuplexChannel> promise() {
    return promise;
  }

  /** Whether it may be tried once more after a peer did nothing with it. */
  boolean mayTryAgain() {
    return ++attempts < MAX_ATTEMPTS;
  }

  void fail(Throwable cause) {
    promise.tryFailure(
        cause instanceof Unreachable
            ? cause
            : new Unreachable(
                Unreachable.Reason.REFUSED,
                "no tunnel to " + authority + ": " + cause.getMessage(),
                cause));
  }
}
