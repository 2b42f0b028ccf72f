/** The objects that users write, and the one route model that they compile to. */
@NullMarked
package io.weftmesh.policy;

import org.jspecify.annotations.NullMarked;
