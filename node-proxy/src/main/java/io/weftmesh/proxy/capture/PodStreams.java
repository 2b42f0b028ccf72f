package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.proxy.capture.AccessMetrics.Asked;
import io.weftmesh.proxy.routing.InboundDecision;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Security;
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
  private final Admissions admissions;
  private final Arrivals arrivals;

  public PodStreams(Admissions admissions, Arrivals arrivals) {
    this.admissions = admissions;
    this.arrivals = arrivals;
  }

  @Override
  public Future<DuplexChannel> dial(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
    InboundPolicy policy = admissions.policy(target);
    if (policy == null) {
      return connect(loop, target, caller, destination);
    }
    int port = destination.getPort();
    return switch (policy.decide(Arrivals.asking(caller, false), port)) {
      case InboundDecision.Admit admitted -> connect(loop, target, caller, destination);
      case InboundDecision.AdmitAsProbe probes ->
          refuse(loop, target, caller, "probes come from the node, not from a pod");
      case InboundDecision.Refuse(String reason) -> refuse(loop, target, caller, reason);
      case InboundDecision.Deny(String rule) -> {
        admissions.told(Asked.CONNECTION, caller, target, port, new AccessDecision.Deny(rule));
        yield refuse(loop, target, caller, "its AccessPolicies deny port " + port);
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
    arrivals.carry(target, caller, false, stream, application, destination);
  }

  private Future<DuplexChannel> connect(
      EventLoop loop, LocalPod target, Caller caller, InetSocketAddress destination) {
    Promise<DuplexChannel> result = loop.newPromise();
    Future<DuplexChannel> connecting =
        target.connect(loop, destination, caller.address().getAddress());
    connecting.addListener((Future<DuplexChannel> done) -> {
      if (done.isSuccess()) {
        connected(done.getNow(), target, caller, destination, result);
      } else {
        arrivals.failed(target, caller, "unreachable");
        result.tryFailure(
            new Refused(
                Refused.Reason.UNREACHABLE,
                "the application of pod "
                    + target.workload()
                    + " did not accept on port "
                    + destination.getPort()
                    + ": "
                    + done.cause().getMessage()));
      }
    });
    result.addListener(done -> {
      if (done.isCancelled()) {
        connecting.cancel(false);
      }
    });
    return result;
  }

  /** Of what came through a tunnel, {@link #relay} decides: it is joined with the stream there. */
  private void connected(
      DuplexChannel application,
      LocalPod target,
      Caller caller,
      InetSocketAddress destination,
      Promise<DuplexChannel> result) {
    DuplexChannel given =
        caller.security() == Security.SAME_NODE
            ? arrivals.within(target, caller, application, destination)
            : application;
    if (given == null) {
      result.tryFailure(denied(target, caller, "its AccessPolicies have just changed"));
    } else if (!result.trySuccess(given)) {
      given.close();
    }
  }

  private Future<DuplexChannel> refuse(
      EventLoop loop, LocalPod target, Caller caller, String reason) {
    return loop.newFailedFuture(denied(target, caller, reason));
  }

  private Refused denied(LocalPod target, Caller caller, String reason) {
    arrivals.failed(target, caller, "denied");
    return new Refused(
        Refused.Reason.DENIED,
        "pod " + target.workload() + " does not admit " + caller.label() + ": " + reason);
  }
}
