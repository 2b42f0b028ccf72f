package io.weftmesh.redirector.lease;

import java.util.List;

/**
 * What of a pod's traffic is not captured, as its annotations say.
 *
 * @param inboundPorts ports of the pod that are reached directly
 * @param outboundPorts ports elsewhere that the pod reaches directly
 * @param outboundBlocks addresses that the pod reaches directly
 */
public record Exclusions(
    List<Integer> inboundPorts, List<Integer> outboundPorts, List<Cidr> outboundBlocks) {

  /** The most entries of one kind, so that the rules of a pod stay few. */
  public static final int MAX_ENTRIES = 64;

  /** Nothing excluded. */
  public static final Exclusions NONE = new Exclusions(List.of(), List.of(), List.of());

  /** Copies the lists and checks every port. */
  public Exclusions {
    inboundPorts = checkedPorts("inbound", inboundPorts);
    outboundPorts = checkedPorts("outbound", outboundPorts);
    outboundBlocks = List.copyOf(outboundBlocks);
    checkCount("outbound blocks", outboundBlocks.size());
  }

  private static List<Integer> checkedPorts(String direction, List<Integer> ports) {
    checkCount(direction + " ports", ports.size());
    for (int port : ports) {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException(
            "excluded " + direction + " port is " + port + ", expected 1 to 65535");
      }
    }
    return List.copyOf(ports);
  }

  private static void checkCount(String what, int count) {
    if (count > MAX_ENTRIES) {
      throw new IllegalArgumentException(
          count + " excluded " + what + ", expected at most " + MAX_ENTRIES);
    }
  }
}
