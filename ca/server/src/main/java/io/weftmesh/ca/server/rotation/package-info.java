/** Which authority signs and which roots are published, and the steps from one root to the next. */
@NullMarked
package io.weftmesh.ca.server.rotation;

import org.jspecify.annotations.NullMarked;
