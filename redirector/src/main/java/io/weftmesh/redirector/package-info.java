/** The only privileged process of Weft. */
@NullMarked
package io.weftmesh.redirector;

import org.jspecify.annotations.NullMarked;
