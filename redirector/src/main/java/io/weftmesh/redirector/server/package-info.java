/** The redirector's side of the lease protocol. */
@NullMarked
package io.weftmesh.redirector.server;

import org.jspecify.annotations.NullMarked;
