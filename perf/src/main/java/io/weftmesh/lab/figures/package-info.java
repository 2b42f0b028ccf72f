/** What Weft costs, measured in the lab beside a peer in the same run. */
@NullMarked
package io.weftmesh.lab.figures;

import org.jspecify.annotations.NullMarked;
