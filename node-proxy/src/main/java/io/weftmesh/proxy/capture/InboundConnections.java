package io.weftmesh.proxy.capture;

import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.policy.model.AccessDecision;
import io.weftmesh.proxy.capture.AccessMetrics.Asked;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundDecision;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Probe;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Caller;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes plaintext connections to captured pods: from clients outside the mesh, and the kubelet's
 * probes. Thread-safe; never blocks.
 */
public final class InboundConnections {
  private static final Logger log = LoggerFactory.getLogger(InboundConnections.class);

  private final Admissions admissions;
  private final Arrivals arrivals;
  private final NodeAddresses nodeAddresses;

  public InboundConnections(Admissions admissions, Arrivals arrivals, NodeAddresses nodeAddresses) {
    this.admissions = admissions;
    this.arrivals = arrivals;
    this.nodeAddresses = nodeAddresses;
  }

  /** Takes a connection over; called on its event loop. */
  void accept(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination) {
    InetSocketAddress remote = accepted.remoteAddress();
    if (remote == null) {
      Relay.reset(accepted);
      return;
    }
    Caller caller = new Caller(null, remote, Security.PLAINTEXT);
    boolean fromOwnNode = nodeAddresses.contains(remote.getAddress());
    InboundPolicy policy = admissions.policy(pod);
    InboundDecision decision =
        policy == null
            ? InboundDecision.Admit.ADMIT
            : policy.decide(InboundCaller.plain(fromOwnNode), destination.getPort());
    switch (decision) {
      case InboundDecision.Admit admitted ->
          connect(
              pod,
              caller,
              accepted,
              destination,
              application ->
                  arrivals.carry(pod, caller, fromOwnNode, accepted, application, destination));
      case InboundDecision.AdmitAsProbe(List<Probe> probes) ->
          probe(pod, caller, accepted, destination, probes);
      case InboundDecision.Refuse(String reason) -> {
        log.debug("{} to {} of {}: {}", caller, destination, pod, reason);
        refuse(pod, caller, accepted, "strict");
      }
      case InboundDecision.Deny(String rule) -> {
        admissions.told(
            Asked.CONNECTION, caller, pod, destination.getPort(), new AccessDecision.Deny(rule));
        refuse(pod, caller, accepted, "denied");
      }
    }
  }

  private void probe(
      CapturedPod pod,
      Caller caller,
      SocketChannel accepted,
      InetSocketAddress destination,
      List<Probe> probes) {
    List<String> paths =
        probes.stream()
            .filter(probe -> probe instanceof Probe.HttpGet get && !get.tls())
            .map(probe -> ((Probe.HttpGet) probe).path())
            .toList();
    boolean tcp = probes.stream().anyMatch(Probe.TcpConnect.class::isInstance);
    boolean grpc = probes.stream().anyMatch(Probe.GrpcHealth.class::isInstance);
    if (paths.isEmpty() && !tcp && !grpc) {
      // A path inside TLS can't be seen.
      refuse(pod, caller, accepted, "probe_not_visible");
      return;
    }
    connect(
        pod,
        caller,
        accepted,
        destination,
        application -> {
          if (grpc) {
            arrivals.carryProbe(pod, caller, accepted, application, destination);
          } else if (paths.isEmpty()) {
            // That the application accepts is all that such a probe may learn.
            application.close();
            accepted.close();
          } else {
            ProbeGuard.start(
                accepted, application, paths, () -> refuse(pod, caller, accepted, "not_a_probe"));
          }
        });
  }

  private void connect(
      CapturedPod pod,
      Caller caller,
      SocketChannel accepted,
      InetSocketAddress destination,
      Consumer<DuplexChannel> connected) {
    pod.connect(accepted.eventLoop(), destination, caller.address().getAddress())
        .addListener((Future<DuplexChannel> done) -> {
          if (done.isSuccess()) {
            connected.accept(done.getNow());
          } else {
            refuse(pod, caller, accepted, "unreachable");
          }
        });
  }

  private void refuse(CapturedPod pod, Caller caller, SocketChannel accepted, String reason) {
    arrivals.failed(pod, caller, reason);
    Relay.reset(accepted);
  }
}
