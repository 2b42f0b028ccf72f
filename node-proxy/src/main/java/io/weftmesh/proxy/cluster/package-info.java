/**
 * From Kubernetes objects to the snapshot. The only room that knows fabric8: objects are reduced to
 * small records as soon as they are read, and folded into one immutable {@link
 * io.weftmesh.proxy.routing.Snapshot}.
 */
@NullMarked
package io.weftmesh.proxy.cluster;

import org.jspecify.annotations.NullMarked;
