/** Signs identities and tells every node which pod address is which identity. */
@NullMarked
package io.weftmesh.ca.server;

import org.jspecify.annotations.NullMarked;
