/** The applications of the test pods, as one small program. */
@NullMarked
package io.weftmesh.lab.app;

import org.jspecify.annotations.NullMarked;
