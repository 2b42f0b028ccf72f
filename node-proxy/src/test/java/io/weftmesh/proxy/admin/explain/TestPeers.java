package io.weftmesh.proxy.admin.explain;

import io.weftmesh.proxy.balance.Endpoint;
import java.net.InetAddress;

/** Peers that are all alike. */
record TestPeers(String how, boolean outside) implements Peers {
  @Override
  public String connection(Endpoint endpoint) {
    return how;
  }

  @Override
  public boolean isOutside(InetAddress address) {
    return outside;
  }
}
