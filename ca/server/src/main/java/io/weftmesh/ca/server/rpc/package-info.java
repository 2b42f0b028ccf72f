/** The gRPC services: translates between the wire and the other packages. */
@NullMarked
package io.weftmesh.ca.server.rpc;

import org.jspecify.annotations.NullMarked;
