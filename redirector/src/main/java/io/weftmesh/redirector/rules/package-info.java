/** The rules in a pod's namespace: what they should be, what they are, and how they become so. */
@NullMarked
package io.weftmesh.redirector.rules;

import org.jspecify.annotations.NullMarked;
