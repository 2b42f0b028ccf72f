/** Tests of the client's values. */
@NullMarked
package io.weftmesh.redirector.lease;

import org.jspecify.annotations.NullMarked;
