/** The lease protocol: its messages and their bytes. Pure; the descriptors travel beside it. */
@NullMarked
package io.weftmesh.redirector.lease.wire;

import org.jspecify.annotations.NullMarked;
