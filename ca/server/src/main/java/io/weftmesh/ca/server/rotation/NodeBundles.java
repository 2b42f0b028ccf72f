package io.weftmesh.ca.server.rotation;

import java.util.Map;

/** What the nodes have said about the bundles that they verify with. */
@FunctionalInterface
public interface NodeBundles {
  /**
   * The nodes that are connected now, each with the lowest bundle version that all its processes
   * have acknowledged; 0 for none.
   */
  Map<String, Long> acknowledged();
}
