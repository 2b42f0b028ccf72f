package io.weftmesh.proxy.tunnel;

import java.time.Duration;

/**
 * The times and bounds of tunnels.
 *
 * @param connectTimeout for the TCP connection of a tunnel, the wait for a socket included; the
 *     connection alone is given up earlier, by the pod
 * @param handshakeTimeout for TLS, where we connect; a peer's proxy that was killed is back within
 *     it, and until then the kernel holds the connection for it
 * @param acceptedHandshakeTimeout for TLS, where a peer connects: who is silent holds a place
 * @param identityWait how long a pod without a certificate is waited for
 * @param pingInterval how often a tunnel with streams is pinged
 * @param pingTimeout a tunnel with streams is dead after so long without a sign of life, a multiple
 *     of the interval
 * @param idleTimeout an opened tunnel without streams is closed after so long; one that a peer
 *     opened is given half as much again, so that it is the opener who closes
 * @param maxStreams on one tunnel at a time
 * @param maxTunnels at a time on one loop from one client pod to one target; further ones are
 *     opened only when those there are full
 * @param maxWaiting connections that wait for one tunnel to be opened
 * @param maxAccepted connections that one pod's port 15008 holds at a time
 * @param maxHandshakes of those, the ones that may be in the TLS handshake
 */
public record TunnelSettings(
    Duration connectTimeout,
    Duration handshakeTimeout,
    Duration acceptedHandshakeTimeout,
    Duration identityWait,
    Duration pingInterval,
    Duration pingTimeout,
    Duration idleTimeout,
    int maxStreams,
    int maxTunnels,
    int maxWaiting,
    int maxAccepted,
    int maxHandshakes) {
  public static final TunnelSettings DEFAULT =
      new TunnelSettings(
          Duration.ofSeconds(10),
          Duration.ofSeconds(15),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(20),
          Duration.ofSeconds(60),
          1024,
          16,
          4096,
          8192,
          1024);

  public TunnelSettings {
    if (pingTimeout.compareTo(pingInterval) < 0) {
      throw new IllegalArgumentException(
          "the ping time-out " + pingTimeout + " is below the interval " + pingInterval);
    }
  }

  /** The same, with another time to wait for an identity. */
  public TunnelSettings withIdentityWait(Duration wait) {
    return new TunnelSettings(
        connectTimeout,
        handshakeTimeout,
        acceptedHandshakeTimeout,
        wait,
        pingInterval,
        pingTimeout,
        idleTimeout,
        maxStreams,
        maxTunnels,
        maxWaiting,
        maxAccepted,
        maxHandshakes);
  }

  /** How many pings in a row may stay unanswered. */
  int silentPings() {
    return Math.toIntExact(pingTimeout.dividedBy(pingInterval));
  }
}
