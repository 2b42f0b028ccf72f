package io.weftmesh.proxy.capture;

import io.netty.channel.Channel;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.policy.model.AccessWork;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.proxy.capture.AccessMetrics.Asked;
import io.weftmesh.proxy.http.RequestGate;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import org.jspecify.annotations.Nullable;

/**
 * That one connection to a pod of this node may go on: asked when it begins, when it turns out what
 * it carries, for each request if that is HTTP, and whenever the rules change. When they deny it,
 * it is reset. Confined to the connection's event loop.
 */
final class Admission implements RequestGate.Rules {
  private final Admissions shared;
  private final LocalPod target;
  private final Caller caller;
  private final InboundCaller asking;
  private final int port;
  private final boolean asProbe;
  private final Channel channel;
  private AccessWork work = AccessWork.CONNECTION;
  private @Nullable RequestGate requests;

  /**
   * @param asProbe whether it is admitted as far as it is a probe of the pod's, and no further
   * @param channel what is reset when the connection may not go on
   */
  Admission(
      Admissions shared,
      LocalPod target,
      Caller caller,
      InboundCaller asking,
      int port,
      boolean asProbe,
      Channel channel) {
    this.shared = shared;
    this.target = target;
    this.caller = caller;
    this.asking = asking;
    this.port = port;
    this.asProbe = asProbe;
    this.channel = channel;
  }

  LocalPod target() {
    return target;
  }

  Caller caller() {
    return caller;
  }

  /** Whether it matters what the connection carries. */
  boolean looksAtRequests() {
    InboundPolicy policy = shared.policy(target);
    return asProbe || (policy != null && policy.looksAtRequests(asking, port));
  }

  /** Begins a connection whose bytes nobody here will look at; false if that is denied. */
  boolean beginBytes() {
    return begin(AccessWork.BYTES);
  }

  /** Begins a connection of which it will turn out what it carries; false if it is denied. */
  boolean beginDetection() {
    return begin(AccessWork.CONNECTION);
  }

  /** It carries what nobody here understands; false if that is denied. */
  boolean becomesBytes() {
    work = AccessWork.BYTES;
    return mayGoOn(Asked.CONNECTION);
  }

  /** Whether it would be denied if it carried what nobody here understands; not counted. */
  boolean hasToBeHttp() {
    InboundPolicy policy = shared.policy(target);
    return asProbe
        || (policy != null
            && policy.decide(asking, port, AccessWork.BYTES) instanceof AccessDecision.Deny);
  }

  /** It carries HTTP, and asks for each request. */
  RequestGate becomesHttp() {
    RequestGate gate = RequestGate.of(this, this::cut);
    requests = gate;
    return gate;
  }

  @Override
  public boolean admit(RequestHead head) {
    return decide(new AccessWork.Request(head), Asked.REQUEST);
  }

  @Override
  public boolean admitBytes() {
    return decide(AccessWork.BYTES, Asked.REQUEST);
  }

  /** Any thread. */
  void reconsiderLater() {
    channel.eventLoop().execute(this::reconsider);
  }

  private void reconsider() {
    if (!channel.isActive()) {
      return;
    }
    if (!mayGoOn(Asked.OPEN_CONNECTION)) {
      cut();
    } else if (requests != null) {
      requests.reconsider();
    }
  }

  /** Is there before it is decided, so that no change of the rules passes it by. */
  private boolean begin(AccessWork begun) {
    work = begun;
    shared.add(this, channel);
    return mayGoOn(Asked.CONNECTION);
  }

  private boolean mayGoOn(Asked asked) {
    return decide(work, asked);
  }

  private boolean decide(AccessWork of, Asked asked) {
    InboundPolicy policy = shared.policy(target);
    if (policy == null) {
      return true;
    }
    return asProbe
        ? isOfAProbe(policy, of)
        : shared.told(asked, caller, target, port, policy.decide(asking, port, of));
  }

  private boolean isOfAProbe(InboundPolicy policy, AccessWork of) {
    return switch (of) {
      case AccessWork.Connection connection -> true;
      case AccessWork.Bytes bytes -> false;
      case AccessWork.Request(RequestHead head) -> policy.isProbe(asking, port, head);
    };
  }

  private void cut() {
    Relay.reset(channel);
  }
}
