package io.weftmesh.policy.model;

import java.time.Duration;
import java.util.Optional;

/**
 * How connections to a Service's endpoints are made and kept, whoever sends to it.
 *
 * @param connectTimeout until the endpoint has accepted, the handshake included
 * @param idleTimeout after which a connection or stream that carries nothing is closed; zero is
 *     never
 * @param ejection empty: no endpoint is ejected
 * @param limits of all clients on a node together
 * @param clientLimits of each client pod
 */
public record BackendSettings(
    Duration connectTimeout,
    Duration idleTimeout,
    LoadBalancing loadBalancing,
    Optional<OutlierEjection> ejection,
    TrafficLimits limits,
    TrafficLimits clientLimits) {
  /**
   * Longer than a node's proxy needs to be back after it was killed: until then the kernel holds
   * connections for it. A node that does not answer at all is given up much earlier.
   */
  public static final BackendSettings DEFAULT =
      new BackendSettings(Duration.ofSeconds(15), Duration.ofHours(1), LoadBalancing.PEAK_EWMA);

  /** Without ejection and limits. */
  public BackendSettings(
      Duration connectTimeout, Duration idleTimeout, LoadBalancing loadBalancing) {
    this(
        connectTimeout,
        idleTimeout,
        loadBalancing,
        Optional.empty(),
        TrafficLimits.NONE,
        TrafficLimits.NONE);
  }

  /** Whether connections are limited, in all or for each client pod. */
  public boolean limitsConnections() {
    return limits.connections() != TrafficLimits.UNLIMITED
        || clientLimits.connections() != TrafficLimits.UNLIMITED;
  }
}
