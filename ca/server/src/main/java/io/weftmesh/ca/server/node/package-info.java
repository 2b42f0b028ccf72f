/** Which node calls, and what it may ask for. */
@NullMarked
package io.weftmesh.ca.server.node;

import org.jspecify.annotations.NullMarked;
