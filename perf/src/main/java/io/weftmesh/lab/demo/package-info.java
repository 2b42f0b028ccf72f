/** What Weft does, shown to somebody who has never seen it, and checked while it is shown. */
@NullMarked
package io.weftmesh.lab.demo;

import org.jspecify.annotations.NullMarked;
