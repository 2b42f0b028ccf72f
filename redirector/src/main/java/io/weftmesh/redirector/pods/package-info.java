/** The pods that are captured on this node, and everything that is held for them. */
@NullMarked
package io.weftmesh.redirector.pods;

import org.jspecify.annotations.NullMarked;
