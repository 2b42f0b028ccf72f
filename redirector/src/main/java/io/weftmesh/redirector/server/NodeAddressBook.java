package io.weftmesh.redirector.server;

import io.weftmesh.redirector.netns.NetworkNamespace;
import io.weftmesh.redirector.rules.HostAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** The node's own addresses, read by a thread that visits the host's namespace. Thread-safe. */
public final class NodeAddressBook {
  private final NetworkNamespace host;
  private List<InetAddress> addresses = List.of();

  public NodeAddressBook(NetworkNamespace host) {
    this.host = host;
  }

  /** The addresses as last read; read first if they never were, or if asked for. */
  public synchronized List<InetAddress> addresses(boolean refresh) throws IOException {
    if (refresh || addresses.isEmpty()) {
      addresses = List.copyOf(host.call(HostAddresses::read));
    }
    return addresses;
  }
}
