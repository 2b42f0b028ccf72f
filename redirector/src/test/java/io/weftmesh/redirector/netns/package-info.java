/** Tests of finding namespaces. */
@NullMarked
package io.weftmesh.redirector.netns;

import org.jspecify.annotations.NullMarked;
