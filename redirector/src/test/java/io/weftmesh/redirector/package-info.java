/** Tests of the redirector as a whole, in real namespaces. */
@NullMarked
package io.weftmesh.redirector;

import org.jspecify.annotations.NullMarked;
