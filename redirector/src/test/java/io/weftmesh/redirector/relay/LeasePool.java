package io.weftmesh.redirector.relay;

import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.RedirectorClient;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** Outgoing sockets of one pod and family, leased in batches. */
final class LeasePool {
  private static final int BATCH = 64;

  private final Supplier<RedirectorClient> client;
  private final String podUid;
  private final Family family;
  private final Queue<Descriptor> sockets = new ConcurrentLinkedQueue<>();

  LeasePool(Supplier<RedirectorClient> client, String podUid, Family family) {
    this.client = client;
    this.podUid = podUid;
    this.family = family;
  }

  /** The next socket; blocks while a batch is leased. */
  Descriptor take() throws IOException {
    while (true) {
      Descriptor socket = sockets.poll();
      if (socket != null) {
        return socket;
      }
      sockets.addAll(client.get().lease(podUid, family, BATCH));
    }
  }
}
