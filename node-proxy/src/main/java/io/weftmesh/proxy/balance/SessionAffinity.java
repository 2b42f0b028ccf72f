package io.weftmesh.proxy.balance;

import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Kubernetes' {@code sessionAffinity: ClientIP}: a client's requests go to one endpoint until it
 * has been silent for the timeout, or the endpoint has gone, is ejected or cannot be reached; then
 * it is tied to another.
 *
 * <p>The first endpoint is chosen by {@link ConsistentHash} of the client's address. So most ties
 * outlive a restart of the proxy, which forgets the table; the table is for those that a changed
 * set would move. It is bounded: beyond {@value #MAX_CLIENTS} active clients, new ones go by the
 * hash alone.
 *
 * <p>Thread-safe; a client that is tied costs a lookup and no lock.
 */
final class SessionAffinity {
  static final int MAX_CLIENTS = 4096;

  private final Map<InetAddress, Tie> ties = new ConcurrentHashMap<>();
  private final ConsistentHash byAddress;

  SessionAffinity(ConsistentHash byAddress) {
    this.byAddress = byAddress;
  }

  private static final class Tie {
    private final Node node;
    private volatile long usedNanos;

    Tie(Node node, long nowNanos) {
      this.node = node;
      this.usedNanos = nowNanos;
    }
  }

  Node choose(Sticky.Client client, Node[] nodes, long nowNanos) {
    long timeoutNanos = client.timeout().toNanos();
    Tie tie = ties.get(client.address());
    if (tie != null
        && nowNanos - tie.usedNanos <= timeoutNanos
        && tie.node.isOpen(nowNanos)
        && contains(nodes, tie.node)) {
      tie.usedNanos = nowNanos;
      return tie.node;
    }
    Node chosen = byAddress.choose(nodes, nowNanos, client);
    if (tie != null || hasRoom(timeoutNanos, nowNanos)) {
      ties.put(client.address(), new Tie(chosen, nowNanos));
    }
    return chosen;
  }

  int size() {
    return ties.size();
  }

  private boolean hasRoom(long timeoutNanos, long nowNanos) {
    if (ties.size() >= MAX_CLIENTS) {
      ties.values().removeIf(tie -> nowNanos - tie.usedNanos > timeoutNanos);
    }
    return ties.size() < MAX_CLIENTS;
  }

  private static boolean contains(Node[] nodes, Node wanted) {
    for (Node node : nodes) {
      if (node == wanted) {
        return true;
      }
    }
    return false;
  }
}
