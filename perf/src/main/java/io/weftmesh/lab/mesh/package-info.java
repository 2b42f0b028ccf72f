/** Weft itself in a lab: its processes, their start, their ends and what they say of themselves. */
@NullMarked
package io.weftmesh.lab.mesh;

import org.jspecify.annotations.NullMarked;
