/**
 * The only privileged process of Weft: enters pods' network namespaces, writes their rules, opens
 * sockets there and hands them over. Never reads a byte of traffic and never talks to a network.
 */
@NullMarked
package io.weftmesh.redirector;

import org.jspecify.annotations.NullMarked;
