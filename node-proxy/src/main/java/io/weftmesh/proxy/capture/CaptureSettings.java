package io.weftmesh.proxy.capture;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How pods are captured.
 *
 * @param redirector the redirector's Unix socket
 * @param generation names this process in the redirector's log
 * @param trustDomain the trust domain of the pods' identities
 * @param drainTimeout how long the connections of a pod that leaves the mesh may go on
 * @param maxConnections accepted for all pods together, as descriptors allow
 */
public record CaptureSettings(
    Path redirector,
    String generation,
    String trustDomain,
    Duration drainTimeout,
    int maxConnections) {
  /** Listeners, leases, tunnels, files, and what else a process has open. */
  private static final int RESERVED_DESCRIPTORS = 1024;

  /**
   * How many connections a process with so many descriptors may accept: each takes two, one on
   * either side, and tunnels and pools take some.
   */
  public static int connectionsFor(long descriptors) {
    return Math.toIntExact(Math.clamp((descriptors - RESERVED_DESCRIPTORS) * 7 / 16, 64, 1 << 20));
  }
}
