/** The pods of the cluster, as far as the ca looks at them. */
@NullMarked
package io.weftmesh.ca.server.pods;

import org.jspecify.annotations.NullMarked;
