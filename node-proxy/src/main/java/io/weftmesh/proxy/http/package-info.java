/**
 * HTTP on its way out of a pod: requests are read off the application's connection, each is routed
 * and balanced by itself, tried again where that is safe, and its answer passed back.
 *
 * <p>The way of a request through the classes: {@code ClientConnection} reads it, {@code Exchange}
 * decides what becomes of it, {@code UpstreamConnection} takes it to an endpoint and reads the
 * answer, which goes back through the same {@code Exchange}. An {@code Exchange} knows nothing of
 * the protocol on either side. With HTTP/2 it is {@code ClientStream} of a {@code ClientSession},
 * and {@code UpstreamStream} of an {@code UpstreamSession}. The protocol towards the endpoint is
 * always the client's own.
 *
 * <p>All objects that belong to one client connection live on its event loop, and so do the
 * upstream connections it uses; nothing here locks or blocks.
 */
@NullMarked
package io.weftmesh.proxy.http;

import org.jspecify.annotations.NullMarked;
