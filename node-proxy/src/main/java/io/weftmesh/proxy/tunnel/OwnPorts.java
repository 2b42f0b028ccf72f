package io.weftmesh.proxy.tunnel;

/**
 * The ports of the proxy in every captured pod. Nothing is ever connected to them on behalf of an
 * application: with a redirected connection the local address is such a port, and a proxy that
 * connects there calls itself until it is out of descriptors.
 */
public final class OwnPorts {
  /** Takes what the pod's applications send. */
  public static final int OUTBOUND = 15001;

  /** Takes plaintext to the pod's applications. */
  public static final int INBOUND = 15006;

  /** Takes tunnels. */
  public static final int HBONE = 15008;

  /** Metrics of the node proxy. */
  public static final int METRICS = 15020;

  /** Health of the node proxy. */
  public static final int HEALTH = 15021;

  private OwnPorts() {}

  public static boolean contains(int port) {
    return switch (port) {
      case OUTBOUND, INBOUND, HBONE, METRICS, HEALTH -> true;
      default -> false;
    };
  }
}
