package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.Dialer;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Connects one caller's connection with the application of a pod of this node, under the caller's
 * address. The first connection is there already: the caller was told of it. Confined to the loop.
 */
final class ApplicationDialer implements Dialer {
  private final LocalPod target;
  private final Caller caller;
  private final InetSocketAddress destination;
  private @Nullable DuplexChannel first;

  /**
   * @param first connected, unused and with auto-read off; taken over
   */
  ApplicationDialer(
      LocalPod target, Caller caller, InetSocketAddress destination, DuplexChannel first) {
    this.target = target;
    this.caller = caller;
    this.destination = destination;
    this.first = first;
  }

  @Override
  public Future<Upstream> connect(EventLoop loop, Endpoint endpoint) {
    DuplexChannel ready = first;
    first = null;
    if (ready != null) {
      return loop.newSucceededFuture(upstream(ready));
    }
    Promise<Upstream> result = loop.newPromise();
    Future<DuplexChannel> connecting =
        target.connect(loop, destination, caller.address().getAddress());
    connecting.addListener((Future<DuplexChannel> done) -> {
      if (!done.isSuccess()) {
        result.tryFailure(done.cause());
      } else if (!result.trySuccess(upstream(done.getNow()))) {
        done.getNow().close();
      }
    });
    result.addListener(done -> {
      if (done.isCancelled()) {
        connecting.cancel(false);
      }
    });
    return result;
  }

  /** There is one way into an application. */
  @Override
  public boolean isStillRight(Endpoint endpoint, Security security) {
    return true;
  }

  /** The caller is gone: nobody will ask for the first connection any more. */
  void close() {
    DuplexChannel unused = first;
    first = null;
    if (unused != null) {
      unused.close();
    }
  }

  /** The application sees neither; it is how the caller got here that metrics tell. */
  private Upstream upstream(DuplexChannel application) {
    return new Upstream(application, caller.security(), null);
  }
}
