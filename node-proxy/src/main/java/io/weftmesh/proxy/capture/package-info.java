/**
 * The pods of this node: their sockets, leased from the redirector; where a captured connection was
 * going; and what becomes of it.
 */
@NullMarked
package io.weftmesh.proxy.capture;

import org.jspecify.annotations.NullMarked;
