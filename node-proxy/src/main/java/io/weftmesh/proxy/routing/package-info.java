/**
 * What a node knows of the cluster at one moment, and the decisions on it: what an address is,
 * where its traffic goes, who may come in. Pure and immutable: no Netty, no I/O, no Kubernetes
 * classes; event loops read it without a lock.
 */
@NullMarked
package io.weftmesh.proxy.routing;

import org.jspecify.annotations.NullMarked;
