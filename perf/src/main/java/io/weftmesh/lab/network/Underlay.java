package io.weftmesh.lab.network;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.host.NetworkNamespace;
import java.nio.file.Path;

/** The network between the nodes: a bridge in a namespace of its own. */
public final class Underlay {
  /** The interface that sees every packet between nodes. */
  public static final String BRIDGE = "bridge";

  private final NetworkNamespace namespace;

  private Underlay(NetworkNamespace namespace) {
    this.namespace = namespace;
  }

  public static Underlay create(Path file) {
    Underlay underlay = new Underlay(NetworkNamespace.create(file));
    underlay.namespace.ip(
        fill(
            """
            link add %1$s type bridge mcast_snooping 0
            link set %1$s up
            """,
            BRIDGE));
    return underlay;
  }

  public static Underlay at(Path file) {
    return new Underlay(NetworkNamespace.at(file));
  }

  public NetworkNamespace namespace() {
    return namespace;
  }
}
