/** A pod that takes from its neighbours what it can: the load of the noisy neighbour. */
@NullMarked
package io.weftmesh.lab.noise;

import org.jspecify.annotations.NullMarked;
