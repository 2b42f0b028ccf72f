/** Network namespaces: finding a pod's, entering it, and noticing when nobody is left in it. */
@NullMarked
package io.weftmesh.redirector.netns;

import org.jspecify.annotations.NullMarked;
