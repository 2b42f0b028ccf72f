package io.weftmesh.proxy.tunnel;

import io.weftmesh.ca.api.SpiffeId;
import java.net.InetAddress;

/**
 * Whose streams may share a tunnel: the same client pod's, under the same identity, to the same
 * address, of which the same identity is expected.
 */
record TunnelKey(String clientUid, SpiffeId client, SpiffeId server, InetAddress address) {}
