package io.weftmesh.proxy.routing;

import java.util.List;
import java.util.Set;

/**
 * The traffic of a pod that its annotations keep out of the mesh.
 *
 * @param inboundPorts ports of the pod that are not captured
 * @param outboundPorts destination ports that are not captured
 * @param outboundRanges destinations that are not captured
 */
public record Exclusions(
    Set<Integer> inboundPorts, Set<Integer> outboundPorts, List<Cidr> outboundRanges) {
  public static final Exclusions NONE = new Exclusions(Set.of(), Set.of(), List.of());

  public Exclusions {
    inboundPorts = Set.copyOf(inboundPorts);
    outboundPorts = Set.copyOf(outboundPorts);
    outboundRanges = List.copyOf(outboundRanges);
  }
}
