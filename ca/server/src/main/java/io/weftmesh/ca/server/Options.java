package io.weftmesh.ca.server;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The command line as it was given; {@link Settings} is what is made of it. */
@SuppressWarnings("NullAway.Init") // picocli sets what is required, or does not call us.
final class Options {
  @Option(
      names = "--listen",
      required = true,
      paramLabel = "ADDRESS:PORT",
      description = "Where nodes connect to.")
  String listen;

  @Option(
      names = "--admin",
      defaultValue = "[::]:15014",
      paramLabel = "ADDRESS:PORT",
      description = "Where /metrics, /healthz and /readyz are; default ${DEFAULT-VALUE}.")
  String admin;

  @Option(
      names = "--trust-domain",
      required = true,
      paramLabel = "NAME",
      description = "The first part of every identity, such as cluster.local.")
  String trustDomain;

  @Option(
      names = "--root-dir",
      required = true,
      paramLabel = "FOLDER",
      description =
          "Where the root is kept. To bring an own one, put tls.crt and tls.key there (and ca.crt,"
              + " if the root does not stand in tls.crt) before the first start.")
  Path rootDir;

  @Option(
      names = "--state-dir",
      required = true,
      paramLabel = "FOLDER",
      description = "Where is kept which pods are captured.")
  Path stateDir;

  @Option(
      names = "--manifests",
      required = true,
      paramLabel = "FOLDER",
      description = "Kubernetes YAML with the Namespaces and Pods.")
  Path manifests;

  @Option(
      names = "--jwks",
      required = true,
      paramLabel = "FILE",
      description = "The keys that service account tokens are signed with.")
  Path jwks;

  @Option(
      names = "--bundle-out",
      required = true,
      paramLabel = "FILE",
      description = "Where the published roots are written, as PEM, for nodes that start.")
  Path bundleOut;

  @Option(
      names = "--control",
      paramLabel = "SOCKET",
      description = "A unix socket for the rotate command.")
  @Nullable Path control;

  @Option(
      names = "--leaf-lifetime",
      defaultValue = "1h",
      paramLabel = "DURATION",
      description = "How long an identity is valid, 10s to 24h; default ${DEFAULT-VALUE}.")
  String leafLifetime;

  @Option(
      names = "--root-lifetime",
      defaultValue = "365d",
      paramLabel = "DURATION",
      description = "How long a root that the ca makes is valid; default ${DEFAULT-VALUE}.")
  String rootLifetime;

  @Option(
      names = "--allow-service-account",
      defaultValue = "weft-system/weft-node-proxy",
      paramLabel = "NAMESPACE/NAME",
      description = "Whose tokens are a node's; may stand several times; default ${DEFAULT-VALUE}.")
  List<String> allowedServiceAccounts;

  @Option(
      names = "--own-address",
      paramLabel = "HOST",
      description =
          "A host name or IP address for the ca's own certificate; may stand several times.")
  List<String> ownAddresses = List.of();
}
