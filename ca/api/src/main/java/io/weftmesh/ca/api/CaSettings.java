package io.weftmesh.ca.api;

import java.nio.file.Path;

/**
 * How a node finds its ca.
 *
 * @param host an address or a name
 * @param trustDomain the mesh's own
 * @param bundleFile PEM, the roots that were handed out of band; read at each connect
 * @param tokenFile the node's bound service account token; read at each call
 * @param process distinguishes the processes of one node: a new text at each start
 */
public record CaSettings(
    String host, int port, String trustDomain, Path bundleFile, Path tokenFile, String process) {

  /** The identity that the ca itself must have. */
  public SpiffeId caId() {
    return SpiffeId.workload(trustDomain, "weft-system", "weft-ca");
  }
}
