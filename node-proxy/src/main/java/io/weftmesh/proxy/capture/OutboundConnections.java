package io.weftmesh.proxy.capture;

import io.netty.channel.socket.SocketChannel;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.http.ClientPod;
import io.weftmesh.proxy.http.HttpProxy;
import io.weftmesh.proxy.identity.WorkloadDirectory;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tunnel.Connector;
import io.weftmesh.proxy.tunnel.LocalPods;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Takes the connections that applications of captured pods open, and keeps what those of one pod
 * share. Thread-safe; {@link OutboundConnection} has the way of a single one.
 */
public final class OutboundConnections {
  private final SnapshotHolder snapshots;
  private final Balancers<Backend.Service> balancers;
  private final ServiceControls<ServiceKey> controls;
  private final Connector connector;
  private final LocalPods localPods;
  private final WorkloadDirectory directory;
  private final HttpProxy http;
  private final TcpMetrics metrics;
  private final Map<CapturedPod, Client> clients = new ConcurrentHashMap<>();

  public OutboundConnections(
      SnapshotHolder snapshots,
      Balancers<Backend.Service> balancers,
      ServiceControls<ServiceKey> controls,
      Connector connector,
      LocalPods localPods,
      WorkloadDirectory directory,
      HttpProxy http,
      TcpMetrics metrics) {
    this.snapshots = snapshots;
    this.balancers = balancers;
    this.controls = controls;
    this.connector = connector;
    this.localPods = localPods;
    this.directory = directory;
    this.http = http;
    this.metrics = metrics;
  }

  /** Takes a connection over; called on its event loop. */
  void accept(CapturedPod pod, SocketChannel accepted, InetSocketAddress destination) {
    new OutboundConnection(this, client(pod), accepted, destination).start();
  }

  /** Has the pod's clients of HTTP go on elsewhere, and closes what is unused. */
  public void leave(CapturedPod pod) {
    Client client = clients.get(pod);
    if (client != null) {
      client.http().leave();
    }
  }

  /** Forgets what was kept for a pod that has left: its unused upstream connections are closed. */
  public void forget(CapturedPod pod) {
    Client client = clients.remove(pod);
    if (client != null) {
      client.http().close();
    }
  }

  Snapshot snapshot() {
    return snapshots.get();
  }

  Balancer balancer(Backend.Service backend, BackendSettings settings) {
    return balancers.of(backend, settings);
  }

  ServiceControls<ServiceKey> controls() {
    return controls;
  }

  HttpProxy http() {
    return http;
  }

  TcpMetrics metrics() {
    return metrics;
  }

  private Client client(CapturedPod pod) {
    Client known = clients.get(pod);
    return known != null ? known : clients.computeIfAbsent(pod, this::newClient);
  }

  private Client newClient(CapturedPod pod) {
    Workload workload = pod.workload();
    PodDialer dialer = new PodDialer(pod, connector, localPods, directory);
    return new Client(
        workload.namespace(),
        workload.namespace() + "/" + workload.workload(),
        dialer,
        http.clientPod(workload, dialer, pod::isLeaving));
  }

  /**
   * A captured pod as a client.
   *
   * @param label {@code namespace/workload}, as metrics have it
   * @param dialer opens connections in the pod's name
   * @param http its pools of HTTP connections
   */
  record Client(String namespace, String label, PodDialer dialer, ClientPod http) {}
}
