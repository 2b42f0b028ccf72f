/**
 * HTTP/1 on the wire: heads and bodies, read strictly and written canonically (RFC 9112).
 *
 * <p>Own code rather than Netty's codecs, for framing and for cost. A proxy that forwards what it
 * has only half understood is how requests are smuggled: Netty's decoder merges folded lines, is
 * lenient with white space, and hands on a message of strings, from which the bytes on the wire are
 * then made anew. Here a head stays the bytes that were checked, with an index over them; fields
 * are forwarded by copying runs of those bytes, so that order, case and spacing survive, and a
 * request costs a handful of objects instead of several per field. Netty's decoder is the second
 * judge in the tests.
 *
 * <p>Nothing here is thread-safe: every object belongs to the event loop of its connection.
 */
@NullMarked
package io.weftmesh.proxy.http.codec;

import org.jspecify.annotations.NullMarked;
