/** A mesh on one machine: nodes and pods as network namespaces, real processes. */
@NullMarked
package io.weftmesh.lab;

import org.jspecify.annotations.NullMarked;
