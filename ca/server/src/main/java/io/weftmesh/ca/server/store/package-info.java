/** Files that survive a crash: written whole, or appended to. */
@NullMarked
package io.weftmesh.ca.server.store;

import org.jspecify.annotations.NullMarked;
