package io.weftmesh.proxy.main;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line, as picocli fills it in. */
@Command(
    name = "weft-node-proxy",
    description = "Carries the traffic of the captured pods of one node.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    showDefaultValues = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets what is required before anything is read.
final class Options {
  @Option(names = "--node", required = true, description = "The Kubernetes name of this node.")
  private String node;

  @Option(
      names = "--manifests",
      description =
          "A folder of Kubernetes YAML, read again when it changes. Without it the API server is"
              + " asked.")
  private @Nullable Path manifests;

  @Option(
      names = "--kubeconfig",
      description =
          "How to reach the API server. Default: as a pod of its cluster, or by $KUBECONFIG.")
  private @Nullable Path kubeconfig;

  @Option(names = "--redirector", required = true, description = "The redirector's Unix socket.")
  private Path redirector;

  @Option(names = "--ca", required = true, description = "host:port of the ca.")
  private String ca;

  @Option(
      names = "--trust-bundle",
      required = true,
      description = "PEM file with the roots that the ca's certificate is verified with at first.")
  private Path trustBundle;

  @Option(
      names = "--token",
      required = true,
      description = "File with this proxy's service account token, read again at each use.")
  private Path token;

  @Option(names = "--trust-domain", required = true, description = "The mesh's trust domain.")
  private String trustDomain;

  @Option(names = "--metrics", defaultValue = ":15020", description = "Where /metrics is served.")
  private String metrics;

  @Option(
      names = "--health",
      defaultValue = ":15021",
      description = "Where /healthz and /readyz are served.")
  private String health;

  @Option(
      names = "--loops",
      description = "Event loops for traffic. Default: a quarter of the cores, 2 to 8.")
  private @Nullable Integer loops;

  @Option(
      names = "--identity-wait",
      defaultValue = "PT10S",
      description = "How long a connection of a pod without an identity waits before it is reset.")
  private Duration identityWait;

  @Option(
      names = "--drain-timeout",
      defaultValue = "PT30S",
      description = "How long connections may go on after SIGTERM.")
  private Duration drainTimeout;

  @Option(
      names = "--max-header-bytes",
      defaultValue = "61440",
      description = "The most that the head of an HTTP message, or its trailers, may take.")
  private int maxHeaderBytes;

  /**
   * Everything that was given, checked.
   *
   * @param cores the number of cores that the default of {@code --loops} is taken from
   * @throws IllegalArgumentException naming the option, the value and what was expected
   */
  Settings toSettings(int cores) {
    return new Settings(
        node,
        cluster(),
        redirector,
        address("--ca", ca),
        trustBundle,
        token,
        trustDomain,
        address("--metrics", metrics).toListenAddress(),
        address("--health", health).toListenAddress(),
        loops == null ? Settings.defaultLoops(cores) : loops,
        identityWait,
        drainTimeout,
        maxHeaderBytes);
  }

  private Settings.Cluster cluster() {
    if (manifests == null) {
      return new Settings.Cluster.ApiServer(kubeconfig);
    }
    if (kubeconfig != null) {
      throw new IllegalArgumentException(
          "--manifests is '"
              + manifests
              + "' and --kubeconfig '"
              + kubeconfig
              + "', but the objects come from one of them: leave the other away");
    }
    return new Settings.Cluster.Manifests(manifests);
  }

  private static HostAndPort address(String option, String text) {
    try {
      return HostAndPort.parse(text);
    } catch (IllegalArgumentException failure) {
      throw new IllegalArgumentException(option + ": " + failure.getMessage(), failure);
    }
  }
}
