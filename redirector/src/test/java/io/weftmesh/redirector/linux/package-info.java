/** Tests of system calls. */
@NullMarked
package io.weftmesh.redirector.linux;

import org.jspecify.annotations.NullMarked;
