package io.weftmesh.proxy.tunnel;

import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** The tunnels of one event loop. Confined to it. */
final class LoopTunnels {
  private final TunnelPool pool;
  private final EventLoop loop;
  private final Map<TunnelKey, TunnelGroup> groups = new HashMap<>();
  private final Set<ClientTunnel> open = new HashSet<>();

  LoopTunnels(TunnelPool pool, EventLoop loop) {
    this.pool = pool;
    this.loop = loop;
  }

  EventLoop loop() {
    return loop;
  }

  void open(TunnelKey key, LocalPod client, StreamRequest request) {
    TunnelGroup group = groups.get(key);
    if (group == null) {
      group = new TunnelGroup(this, key, client, pool.settings());
      groups.put(key, group);
    }
    group.open(request);
  }

  void retire(Predicate<TunnelKey> which) {
    for (TunnelGroup group : List.copyOf(groups.values())) {
      if (which.test(group.key())) {
        group.retire();
      }
    }
  }

  // ---- for the groups

  void dial(TunnelGroup group, LocalPod client) {
    pool.dial(group.key(), group, loop, client);
  }

  /** Whether a tunnel is to live no longer than what it is opened for. */
  boolean isDraining() {
    return pool.isDraining();
  }

  void opened(ClientTunnel tunnel) {
    open.add(tunnel);
    pool.opened();
  }

  void closed(ClientTunnel tunnel) {
    if (open.remove(tunnel)) {
      pool.closed();
    }
  }

  /** A group that was forgotten got a request back from one of its last tunnels. */
  void joined(TunnelGroup group) {
    groups.putIfAbsent(group.key(), group);
  }

  void forget(TunnelGroup group) {
    groups.remove(group.key(), group);
  }
}
