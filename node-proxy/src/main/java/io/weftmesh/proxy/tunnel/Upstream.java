package io.weftmesh.proxy.tunnel;

import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Security;
import org.jspecify.annotations.Nullable;

/**
 * A connection to an endpoint.
 *
 * @param channel connected, on the loop that asked, with auto-read off; the taker installs its
 *     handlers and turns reading on
 * @param security how the bytes travel
 * @param peer whom it was proved to be, or null in plaintext
 */
public record Upstream(DuplexChannel channel, Security security, @Nullable SpiffeId peer) {}
