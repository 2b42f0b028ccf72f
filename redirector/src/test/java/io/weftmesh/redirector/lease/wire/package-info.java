/** Tests of the protocol's bytes. */
@NullMarked
package io.weftmesh.redirector.lease.wire;

import org.jspecify.annotations.NullMarked;
