/** The data plane: one process per node. */
@NullMarked
package io.weftmesh.proxy;

import org.jspecify.annotations.NullMarked;
