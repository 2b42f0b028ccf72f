package io.weftmesh.redirector.lease;

import java.util.List;

/**
 * The three listening sockets in a pod's network namespace. Each takes both families on one IPv6
 * socket (an IPv4 one where the kernel has no IPv6): {@code SO_ORIGINAL_DST} is asked at the level
 * of the accepted connection's family, whatever the socket's.
 *
 * @param outbound what the pod's applications open, redirected to port 15001
 * @param inbound what others open to the pod in plain, redirected to port 15006
 * @param tunnel what other nodes' proxies open, addressed to port 15008
 */
public record Listeners(Descriptor outbound, Descriptor inbound, Descriptor tunnel)
    implements AutoCloseable {

  public static final int OUTBOUND_PORT = 15001;
  public static final int INBOUND_PORT = 15006;
  public static final int TUNNEL_PORT = 15008;

  /** Listeners from three descriptors in their order on the wire. */
  public static Listeners of(List<Descriptor> descriptors) {
    return new Listeners(descriptors.get(0), descriptors.get(1), descriptors.get(2));
  }

  /** The three in their order on the wire. */
  public List<Descriptor> descriptors() {
    return List.of(outbound, inbound, tunnel);
  }

  /** Closes those that were not taken. */
  @Override
  public void close() {
    outbound.close();
    inbound.close();
    tunnel.close();
  }
}
