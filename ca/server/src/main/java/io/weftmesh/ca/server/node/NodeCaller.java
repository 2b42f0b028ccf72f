package io.weftmesh.ca.server.node;

/**
 * A node proxy whose token was verified.
 *
 * @param node the node that it speaks for, and no other
 * @param podUid of the proxy's own pod
 */
public record NodeCaller(String node, String podUid) {
  @Override
  public String toString() {
    return "node " + node + " (pod " + podUid + ")";
  }
}
