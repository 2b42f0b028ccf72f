/** The unix socket through which an operator drives the rotation. */
@NullMarked
package io.weftmesh.ca.server.control;

import org.jspecify.annotations.NullMarked;
