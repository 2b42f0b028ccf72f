package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.ServiceKey;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What a connection's original destination is. */
public sealed interface Destination {

  /** A port of a Service, at its cluster address: routed and balanced. */
  record ServiceDestination(ServicePort port, IpFamily family) implements Destination {}

  /**
   * A Service's address, with a port that the Service does not have: refused, as kube-proxy would,
   * since nobody listens there.
   */
  record UnservedPort(ServiceKey service, int port) implements Destination {}

  /**
   * A pod at its own address: never routed, never balanced.
   *
   * @param name empty if only endpoints tell of it
   * @param uid null if nobody has said it
   */
  record PodDestination(InetAddress address, String namespace, String name, @Nullable String uid)
      implements Destination {
    /** Whether a pod object says whose the address is; else endpoints do, maybe out of date. */
    public boolean isFirstHand() {
      return !name.isEmpty();
    }
  }

  /** Neither: outside the cluster, or a node, or something else that nobody has told of. */
  record OutsideDestination(InetAddress address) implements Destination {}
}
