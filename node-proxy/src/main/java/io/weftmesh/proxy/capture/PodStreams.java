package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundDecision;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.InboundStreams;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.Refused;
import java.net.InetSocketAddress;

/**
 * Takes connections to the pods of this node from callers with an identity, whether it came out of
 * a tunnel or out of a pod of this node. Thread-safe; never blocks.
 */
public final class PodStreams implements InboundStreams {
  private final SnapshotHolder snapshots;
  private final TcpMetrics metrics;

  public PodStreams(SnapshotHolder snapshots, TcpMetrics metrics) {
    this.snapshots = snapshots;
    this.metrics = metrics;
  }

  @Override
  public Future<DuplexChannel> dial(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
    Workload workload = target.workload();
    InboundPolicy policy = target.inbound(snapshots.get());
    if (policy == null) {
      return connect(loop, target, caller, destination);
    }
    InboundDecision decision =
        policy.decide(
            new InboundCaller(caller.identity(), caller.security(), false), destination.getPort());
    return switch (decision) {
      case InboundDecision.Admit admitted -> connect(loop, target, caller, destination);
      case InboundDecision.AdmitAsProbe probes ->
          refuse(loop, Refused.Reason.DENIED, "probes come from the node, not from a pod");
      case InboundDecision.Refuse refused -> {
        metrics.failed(TcpMetrics.Direction.INBOUND, source(caller), service(workload), "denied");
        yield refuse(
            loop,
            Refused.Reason.DENIED,
            "pod " + workload + " does not admit " + source(caller) + ": " + refused.reason());
      }
    };
  }

  @Override
  public void relay(
      DuplexChannel stream,
      DuplexChannel application,
      LocalPod target,
      Caller caller,
      InetSocketAddress destination) {
    TcpMetrics.Flow flow = flow(target, caller);
    flow.opened();
    Relay.start(stream, application, flow.sent(), flow.received(), null, flow::closed);
  }

  private Future<DuplexChannel> connect(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
    Promise<DuplexChannel> result = loop.newPromise();
    Future<DuplexChannel> connecting =
        target.connect(loop, destination, caller.address().getAddress());
    connecting.addListener((Future<DuplexChannel> done) -> {
      if (!done.isSuccess()) {
        metrics.failed(
            TcpMetrics.Direction.INBOUND,
            source(caller),
            service(target.workload()),
            "unreachable");
        result.tryFailure(
            new Refused(
                Refused.Reason.UNREACHABLE,
                "the application of pod "
                    + target.workload()
                    + " did not accept on port "
                    + destination.getPort()
                    + ": "
                    + done.cause().getMessage()));
        return;
      }
      DuplexChannel application = done.getNow();
      if (!result.trySuccess(application)) {
        application.close();
      } else if (caller.security() == Security.SAME_NODE) {
        countSameNode(application, flow(target, caller));
      }
    });
    result.addListener(done -> {
      if (done.isCancelled()) {
        connecting.cancel(false);
      }
    });
    return result;
  }

  /** The client's side relays the bytes, and counts them; here the connection itself is counted. */
  private static void countSameNode(DuplexChannel application, TcpMetrics.Flow flow) {
    flow.opened();
    application.closeFuture().addListener(closed -> flow.closed(Relay.End.FINISHED));
  }

  private TcpMetrics.Flow flow(LocalPod target, Caller caller) {
    return metrics.flow(
        TcpMetrics.Direction.INBOUND,
        source(caller),
        service(target.workload()),
        "",
        caller.security());
  }

  private static Future<DuplexChannel> refuse(
      EventLoop loop, Refused.Reason reason, String message) {
    return loop.newFailedFuture(new Refused(reason, message));
  }

  /** The target, as an inbound connection's destination: here no Service is known any more. */
  static String service(Workload workload) {
    return workload.namespace() + "/" + workload.workload();
  }

  /** {@code namespace/service account}: what a certificate says of the caller. */
  private static String source(Caller caller) {
    SpiffeId identity = caller.identity();
    return identity == null ? "" : sourceOf(identity);
  }

  static String sourceOf(SpiffeId identity) {
    return identity
        .namespace()
        .flatMap(namespace -> identity.serviceAccount().map(account -> namespace + "/" + account))
        .orElse(identity.toString());
  }
}
