package io.weftmesh.lab;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.NetworkNamespace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A pod that was started: its object and its network namespace. */
public final class Pod {
  // Service names resolve by the lab's file of hosts. The lab's own mounts are left, since a copy
  // of them would keep the namespaces of pods that have ended.
  private static final String WITH_HOSTS =
      """
      mount --bind "$0" /etc/hosts || exit 125
      for lab in /run/weft-lab/*/; do umount --lazy "$lab" 2>/dev/null; done
      exec "$@"
      """;

  private final Manifest manifest;
  private final NetworkNamespace namespace;
  private final Path hosts;

  Pod(Manifest manifest, NetworkNamespace namespace, Path hosts) {
    this.manifest = manifest;
    this.namespace = namespace;
    this.hosts = hosts;
  }

  public Manifest manifest() {
    return manifest;
  }

  /** As {@code namespace/name}. */
  public String place() {
    return manifest.namespace() + "/" + manifest.name();
  }

  public String uid() {
    return manifest.text("metadata", "uid").orElseThrow();
  }

  public String node() {
    return manifest.text("spec", "nodeName").orElseThrow();
  }

  public String address() {
    return manifest.text("status", "podIP").orElseThrow();
  }

  public String address6() {
    return manifest.parts("status", "podIPs").get(1).text("ip").orElseThrow();
  }

  public NetworkNamespace namespace() {
    return namespace;
  }

  /** A program of the machine that runs in this pod's network and knows the Services' names. */
  public Command command(String... words) {
    return Command.of(entering(List.of(words)));
  }

  /** The command line that runs {@code words} in this pod, as the same process. */
  public List<String> entering(List<String> words) {
    List<String> inside = new ArrayList<>();
    inside.addAll(List.of("unshare", "--mount", "sh", "-c", WITH_HOSTS, hosts.toString()));
    inside.addAll(words);
    return namespace.entering(inside);
  }

  @Override
  public String toString() {
    return fill("%s (%s on %s)", place(), address(), node());
  }
}
