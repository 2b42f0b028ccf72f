package io.weftmesh.proxy.http;

import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.Workload;
import java.net.InetSocketAddress;

/**
 * What is known of a connection to a pod of this node: whatever is asked for on it goes to that
 * pod's application, if the gate lets it.
 *
 * @param pod the caller, for this connection alone
 * @param target the pod that is called
 * @param original the pod's address and the application's port
 */
public record InboundContext(
    ClientPod pod, Workload target, InetSocketAddress original, RequestGate gate)
    implements ClientContext {

  @Override
  public Destination destination() {
    return new Destination.PodDestination(
        original.getAddress(), target.namespace(), target.name(), target.uid());
  }

  /** {@code namespace/workload}: which Service led here is not known any more. */
  @Override
  public String service() {
    return target.namespace() + "/" + target.workload();
  }

  @Override
  public Endpoint endpoint() {
    return new Endpoint(original, target.uid(), null, null);
  }
}
