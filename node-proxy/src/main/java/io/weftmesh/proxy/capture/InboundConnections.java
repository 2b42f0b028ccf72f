package io.weftmesh.proxy.capture;

import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.proxy.routing.InboundCaller;
import io.weftmesh.proxy.routing.InboundDecision;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.Probe;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.tcp.Relay;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes plaintext connections to captured pods: from clients outside the mesh, and the kubelet's
 * probes. Thread-safe; never blocks.
 */
public final class InboundConnections {
  private static final Logger log = LoggerFactory.getLogger(InboundConnections.class);

  private final SnapshotHolder snapshots;
  private final NodeAddresses nodeAddresses;
  private final TcpMetrics metrics;

  public InboundConnections(
      SnapshotHolder snapshots, NodeAddresses nodeAddresses, TcpMetrics metrics) {
    this.snapshots = snapshots;
    this.nodeAddresses = nodeAddresses;
    this.metrics = metrics;
  }

  /** Takes a connection over; called on its event loop. */
  void accept(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination) {
    InboundPolicy policy = pod.inbound(snapshots.get());
    InetSocketAddress remote = accepted.remoteAddress();
    if (remote == null) {
      Relay.reset(accepted);
      return;
    }
    InetAddress source = remote.getAddress();
    if (policy == null) {
      relay(pod, accepted, destination, source);
      return;
    }
    InboundDecision decision =
        policy.decide(
            new InboundCaller(null, Security.PLAINTEXT, nodeAddresses.contains(source)),
            destination.getPort());
    switch (decision) {
      case InboundDecision.Admit admitted -> relay(pod, accepted, destination, source);
      case InboundDecision.AdmitAsProbe admitted ->
          probe(pod, accepted, destination, source, admitted.probes());
      case InboundDecision.Refuse refused -> {
        log.debug("{} to {} of {}: {}", source, destination, pod, refused.reason());
        refuse(pod, accepted, "strict");
      }
    }
  }

  private void relay(
      CapturedPod pod, SocketChannel accepted, InetSocketAddress destination, InetAddress source) {
    pod.connect(accepted.eventLoop(), destination, source)
        .addListener((Future<DuplexChannel> connected) -> {
          if (!connected.isSuccess()) {
            refuse(pod, accepted, "unreachable");
            return;
          }
          TcpMetrics.Flow flow =
              metrics.flow(
                  TcpMetrics.Direction.INBOUND,
                  "",
                  PodStreams.service(pod.workload()),
                  "",
                  Security.PLAINTEXT);
          flow.opened();
          Relay.start(
              accepted, connected.getNow(), flow.sent(), flow.received(), null, flow::closed);
        });
  }

  private void probe(
      CapturedPod pod,
      SocketChannel accepted,
      InetSocketAddress destination,
      InetAddress source,
      List<Probe> probes) {
    List<String> paths =
        probes.stream()
            .filter(probe -> probe instanceof Probe.HttpGet get && !get.tls())
            .map(probe -> ((Probe.HttpGet) probe).path())
            .toList();
    boolean tcp = probes.stream().anyMatch(Probe.TcpConnect.class::isInstance);
    if (paths.isEmpty() && !tcp) {
      // A path inside TLS can't be seen, and a call inside HTTP/2 is not looked for yet.
      refuse(pod, accepted, "probe_not_visible");
      return;
    }
    pod.connect(accepted.eventLoop(), destination, source)
        .addListener((Future<DuplexChannel> connected) -> {
          if (!connected.isSuccess()) {
            refuse(pod, accepted, "unreachable");
          } else if (paths.isEmpty()) {
            // That the application accepts is all that such a probe may learn.
            connected.getNow().close();
            accepted.close();
          } else {
            ProbeGuard.start(
                accepted, connected.getNow(), paths, () -> refuse(pod, accepted, "not_a_probe"));
          }
        });
  }

  private void refuse(CapturedPod pod, SocketChannel accepted, String reason) {
    metrics.failed(TcpMetrics.Direction.INBOUND, "", PodStreams.service(pod.workload()), reason);
    Relay.reset(accepted);
  }
}
