package io.weftmesh.proxy.routing;

/**
 * How much one pod may ask of the proxy that it shares with its neighbours.
 *
 * @param maxConnections accepted for the pod and open, whoever opened them
 * @param maxNewConnectionsPerSecond at each of the pod's listeners; more wait in the kernel's queue
 */
public record PodBounds(int maxConnections, int maxNewConnectionsPerSecond) {
  public static final PodBounds DEFAULT = new PodBounds(8192, 5000);

  public PodBounds {
    if (maxConnections < 1 || maxNewConnectionsPerSecond < 1) {
      throw new IllegalArgumentException(
          "a pod's bounds are "
              + maxConnections
              + " connections and "
              + maxNewConnectionsPerSecond
              + " new ones per second, expected at least 1 of each");
    }
  }
}
