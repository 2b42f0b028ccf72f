/** What a node says to the ca and hears from it. */
@NullMarked
package io.weftmesh.ca.api;

import org.jspecify.annotations.NullMarked;
