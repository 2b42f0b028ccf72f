/** A small node-proxy: adopts listeners and leased sockets with Netty, and relays bytes. */
@NullMarked
package io.weftmesh.redirector.relay;

import org.jspecify.annotations.NullMarked;
