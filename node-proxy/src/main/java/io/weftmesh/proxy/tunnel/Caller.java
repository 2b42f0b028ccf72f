package io.weftmesh.proxy.tunnel;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Security;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Who opens a connection to a pod of this node, as far as it was proved.
 *
 * @param identity proved by a certificate or, on the same node, by the network namespace the
 *     connection came out of; null only for {@link Security#PLAINTEXT}
 * @param address the client pod's address, which the application is to see; the port is 0 when the
 *     client has none of its own
 * @param security how the connection got here
 */
public record Caller(@Nullable SpiffeId identity, InetSocketAddress address, Security security) {
  public Caller {
    if (identity == null && security != Security.PLAINTEXT) {
      throw new IllegalArgumentException("a caller over " + security + " has an identity");
    }
  }

  /** As metrics have it: {@code namespace/service account}, empty without an identity. */
  public String label() {
    SpiffeId id = identity;
    return id == null
        ? ""
        : id.namespace()
            .flatMap(namespace -> id.serviceAccount().map(account -> namespace + "/" + account))
            .orElse(id.toString());
  }
}
