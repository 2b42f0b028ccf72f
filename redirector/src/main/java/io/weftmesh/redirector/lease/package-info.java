/**
 * What node-proxy sees of the redirector: a blocking client over a unix socket, and the values that
 * go over it. Sockets come as {@link io.weftmesh.redirector.lease.Descriptor}s.
 */
@NullMarked
package io.weftmesh.redirector.lease;

import org.jspecify.annotations.NullMarked;
