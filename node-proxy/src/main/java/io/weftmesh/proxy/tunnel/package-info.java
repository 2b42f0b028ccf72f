/**
 * The wire between nodes, HBONE: one CONNECT stream per application connection, in HTTP/2, in
 * mutual TLS, to port 15008 of the target pod. {@link io.weftmesh.proxy.tunnel.Connector} decides
 * how an endpoint is reached; {@link io.weftmesh.proxy.tunnel.HboneServer} takes what peers open.
 *
 * <p>A stream is handed out as a channel of its own, so that the rooms above relay it as they would
 * a socket: {@link io.weftmesh.proxy.tunnel.TunnelStream} says how the two compare.
 */
@NullMarked
package io.weftmesh.proxy.tunnel;

import org.jspecify.annotations.NullMarked;
