/** Lines on standard error. */
@NullMarked
package io.weftmesh.redirector.log;

import org.jspecify.annotations.NullMarked;
