package io.weftmesh.ca.server.node;

/**
 * What a valid service account token says: it is bound to a pod, and names that pod's node.
 *
 * @param podUid of the pod that the token was made for
 * @param node the name of the node that the pod was on when the token was made
 */
public record BoundToken(ServiceAccount serviceAccount, String podUid, String node) {}
