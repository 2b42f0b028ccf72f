package io.weftmesh.proxy.main;

import io.weftmesh.ca.api.SpiffeId;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the process was told at its start, checked. Nothing reads a command line, an environment
 * variable or a system property after this was made.
 *
 * @param node the Kubernetes name of the node that this proxy serves
 * @param cluster where the cluster's objects come from
 * @param redirector the redirector's Unix socket
 * @param ca where the ca listens
 * @param trustBundle PEM file with the roots that the ca's own certificate is verified with at
 *     first
 * @param token file with this proxy's service account token, read again at each use
 * @param trustDomain the trust domain of all identities of this mesh
 * @param metrics where {@code /metrics} is served
 * @param health where {@code /healthz} and {@code /readyz} are served
 * @param loops how many event loops carry traffic
 * @param identityWait how long a connection of a pod without an identity waits before it is reset
 * @param drainTimeout how long connections may go on after SIGTERM
 * @param maxHeaderBytes the most that the head of an HTTP message, or its trailers, may take
 */
public record Settings(
    String node,
    Cluster cluster,
    Path redirector,
    HostAndPort ca,
    Path trustBundle,
    Path token,
    String trustDomain,
    InetSocketAddress metrics,
    InetSocketAddress health,
    int loops,
    Duration identityWait,
    Duration drainTimeout,
    int maxHeaderBytes) {

  /** Where the cluster's objects come from. */
  public sealed interface Cluster {
    /** A folder of Kubernetes YAML, which stands in for an API server. */
    record Manifests(Path folder) implements Cluster {}

    /**
     * An API server.
     *
     * @param kubeconfig null to go by the pod's service account, or by {@code KUBECONFIG}
     */
    record ApiServer(@Nullable Path kubeconfig) implements Cluster {}
  }

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the option, the value and what was expected
   */
  public Settings {
    require(!node.isBlank(), "--node", node, "the name of this node");
    requireTrustDomain(trustDomain);
    require(loops >= 1 && loops <= 64, "--loops", loops, "a number from 1 to 64");
    requirePositive("--identity-wait", identityWait);
    requirePositive("--drain-timeout", drainTimeout);
    require(
        maxHeaderBytes >= 1024 && maxHeaderBytes <= 1 << 20,
        "--max-header-bytes",
        maxHeaderBytes,
        "a number from 1024 to 1048576");
  }

  /** A quarter of the cores, at least 2, at most 8: applications need the others. */
  static int defaultLoops(int cores) {
    return Math.clamp(cores / 4, 2, 8);
  }

  private static void requireTrustDomain(String trustDomain) {
    try {
      SpiffeId.ofTrustDomain(trustDomain);
    } catch (IllegalArgumentException failure) {
      throw new IllegalArgumentException("--trust-domain: " + failure.getMessage(), failure);
    }
  }

  private static void requirePositive(String option, Duration value) {
    require(value.isPositive(), option, value, "a duration above zero; PT10S is ten seconds");
  }

  private static void require(boolean holds, String option, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          option + " is '" + value + "', but it must be " + expected);
    }
  }
}
