package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.Dialer;
import io.weftmesh.proxy.identity.WorkloadDirectory;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tunnel.Connector;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.LocalPods;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Connects in the name of one captured pod. Thread-safe. */
final class PodDialer implements Dialer {
  private final CapturedPod pod;
  private final Connector connector;
  private final LocalPods localPods;
  private final WorkloadDirectory directory;

  PodDialer(
      CapturedPod pod, Connector connector, LocalPods localPods, WorkloadDirectory directory) {
    this.pod = pod;
    this.connector = connector;
    this.localPods = localPods;
    this.directory = directory;
  }

  @Override
  public Future<Upstream> connect(EventLoop loop, Endpoint endpoint) {
    return connector.connect(pod, loop, endpoint);
  }

  /**
   * As {@link #connect(EventLoop, Endpoint)}, for at most {@code timeout}, the handshake included.
   */
  Future<Upstream> connect(EventLoop loop, Endpoint endpoint, Duration timeout) {
    Promise<Upstream> result = loop.newPromise();
    Future<Upstream> attempt = connect(loop, endpoint);
    var alarm =
        loop.schedule(
            () -> {
              if (result.tryFailure(tooLate(endpoint, timeout))) {
                attempt.cancel(false);
              }
            },
            timeout.toNanos(),
            TimeUnit.NANOSECONDS);
    attempt.addListener((Future<Upstream> done) -> {
      alarm.cancel(false);
      if (!done.isSuccess()) {
        result.tryFailure(done.cause());
      } else if (!result.trySuccess(done.getNow())) {
        done.getNow().channel().close();
      }
    });
    result.addListener(done -> {
      if (done.isCancelled()) {
        attempt.cancel(false);
      }
    });
    return result;
  }

  @Override
  public boolean isStillRight(Endpoint endpoint, Security security) {
    InetAddress address = endpoint.address().getAddress();
    LocalPod here = localPods.byAddress(address);
    if (here != null) {
      String expected = endpoint.podUid();
      return security == Security.SAME_NODE
          && (expected == null || expected.equals(here.workload().uid()));
    }
    return switch (directory.stateOf(address)) {
      case CAPTURED -> security == Security.MTLS;
      case EXPECTED, UNKNOWN -> security != Security.SAME_NODE;
      case OUTSIDE -> security == Security.PLAINTEXT;
    };
  }

  private static Unreachable tooLate(Endpoint endpoint, Duration timeout) {
    return new Unreachable(
        Unreachable.Reason.TIMED_OUT,
        endpoint.address()
            + " did not accept within "
            + timeout.toMillis()
            + " ms, the connect time-out of its Service");
  }
}
