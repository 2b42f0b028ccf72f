/**
 * Who the pods of this node are, who all the others are, and the TLS between them.
 *
 * <p>{@link io.weftmesh.proxy.identity.Identities} holds the keys of this node's pods and keeps
 * their certificates fresh, {@link io.weftmesh.proxy.identity.TlsContexts} turns them into TLS,
 * {@link io.weftmesh.proxy.identity.Trust} says which roots peers are verified with, and {@link
 * io.weftmesh.proxy.identity.WorkloadDirectory} which pod address is whose. All of them change on
 * one control thread and are read by the event loops without a lock. Nothing here forgets what it
 * knew because the ca is gone.
 */
@NullMarked
package io.weftmesh.proxy.identity;

import org.jspecify.annotations.NullMarked;
