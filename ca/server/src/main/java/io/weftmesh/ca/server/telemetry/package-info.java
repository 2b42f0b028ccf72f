/** The metrics of the ca. */
@NullMarked
package io.weftmesh.ca.server.telemetry;

import org.jspecify.annotations.NullMarked;
