/**
 * Clients that open their sockets inside a pod's network namespace and keep account of every
 * failure.
 */
@NullMarked
package io.weftmesh.lab.client;

import org.jspecify.annotations.NullMarked;
