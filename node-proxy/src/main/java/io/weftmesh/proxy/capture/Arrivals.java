package io.weftmesh.proxy.capture;

import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.http.HttpProxy;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.LocalPod;
import io.weftmesh.proxy.tunnel.LocalStream;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What has arrived at the pods of this node, however it got here, is carried to their applications:
 * byte by byte, or request by request where access is decided by requests. Thread-safe.
 */
public final class Arrivals {
  private final Admissions admissions;
  private final HttpProxy http;
  private final TcpMetrics metrics;

  /**
   * @param http of the process; this takes what it has for inbound connections
   */
  public Arrivals(Admissions admissions, HttpProxy http, TcpMetrics metrics) {
    this.admissions = admissions;
    this.http = http.inbound();
    this.metrics = metrics;
  }

  /**
   * Joins a connection that was admitted with the one made for it, unless the rules have changed
   * meanwhile. Called on the loop of both, which are this object's from here on.
   *
   * @param client where it comes from, with auto-read off
   * @param application the pod's, connected and with auto-read off
   * @param destination the pod's address and the application's port
   */
  void carry(
      LocalPod target,
      Caller caller,
      boolean fromOwnNode,
      DuplexChannel client,
      DuplexChannel application,
      InetSocketAddress destination) {
    InboundCaller asking = asking(caller, fromOwnNode);
    var admission =
        new Admission(admissions, target, caller, asking, destination.getPort(), false, client);
    new Arrival(this, admission, client, application, destination).start();
  }

  /** As {@link #carry}, from the node itself, and only as far as it is a probe by HTTP. */
  void carryProbe(
      LocalPod target,
      Caller caller,
      DuplexChannel client,
      DuplexChannel application,
      InetSocketAddress destination) {
    InboundCaller asking = asking(caller, true);
    var admission =
        new Admission(admissions, target, caller, asking, destination.getPort(), true, client);
    new Arrival(this, admission, client, application, destination).start();
  }

  /**
   * What a caller on the same node is given for a connection to the pod's application: that one, or
   * where requests are looked at, one that leads to it through here.
   *
   * @return null, and nothing is left of it, if the rules deny it by now
   */
  @Nullable DuplexChannel within(
      LocalPod target, Caller caller, DuplexChannel application, InetSocketAddress destination) {
    InboundCaller asking = asking(caller, false);
    var admission =
        new Admission(
            admissions, target, caller, asking, destination.getPort(), false, application);
    if (admission.looksAtRequests()) {
      LocalStream near = LocalStream.open(application.eventLoop(), caller.address(), destination);
      carry(target, caller, false, near.peer(), application, destination);
      return near;
    }
    if (admission.beginBytes()) {
      TcpMetrics.Flow flow = flow(target, caller);
      flow.opened();
      application.closeFuture().addListener(closed -> flow.closed(Relay.End.FINISHED));
      return application;
    }
    Relay.reset(application);
    return null;
  }

  Admissions admissions() {
    return admissions;
  }

  HttpProxy http() {
    return http;
  }

  /** Both channels' bytes, from here on. */
  void relay(LocalPod target, Caller caller, DuplexChannel client, DuplexChannel application) {
    TcpMetrics.Flow flow = flow(target, caller);
    flow.opened();
    Relay.start(client, application, flow.sent(), flow.received(), null, flow::closed);
  }

  TcpMetrics.Flow flow(LocalPod target, Caller caller) {
    return metrics.flow(
        TcpMetrics.Direction.INBOUND, caller.label(), service(target), "", caller.security());
  }

  void failed(LocalPod target, Caller caller, String reason) {
    metrics.failed(TcpMetrics.Direction.INBOUND, caller.label(), service(target), reason);
  }

  static InboundCaller asking(Caller caller, boolean fromOwnNode) {
    SpiffeId identity = caller.identity();
    return identity == null
        ? InboundCaller.plain(fromOwnNode)
        : InboundCaller.identified(identity, caller.security());
  }

  /** The target, as an inbound connection's destination: here no Service is known any more. */
  static String service(LocalPod target) {
    Workload workload = target.workload();
    return workload.namespace() + "/" + workload.workload();
  }
}
