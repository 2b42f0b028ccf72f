package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The few event loops that carry one pod's connections. Every pair of loops is some pod's shard,
 * and a pod's UID decides which: a runaway pod can fill its own two loops, and a neighbour that has
 * one of them most likely has another one beside it. This is shuffle sharding, with shards of two.
 *
 * <p>Thread-safe.
 */
final class LoopShard {
  private static final int SIZE = 2;

  private final EventLoop[] loops;
  private final AtomicInteger turn = new AtomicInteger();

  private LoopShard(EventLoop[] loops) {
    this.loops = loops;
  }

  static LoopShard of(String podUid, List<EventLoop> all) {
    int count = all.size();
    if (count <= SIZE) {
      return new LoopShard(all.toArray(EventLoop[]::new));
    }
    // The low bits of a String's hash follow its last characters: spread them first.
    int hash = Integer.reverse(podUid.hashCode() * 0x9e3779b9);
    int first = Math.floorMod(hash, count);
    int second = Math.floorMod(hash / count, count - 1);
    return new LoopShard(
        new EventLoop[] {all.get(first), all.get(second >= first ? second + 1 : second)});
  }

  /** The loop for the next connection. */
  EventLoop next() {
    return loops[Math.floorMod(turn.getAndIncrement(), loops.length)];
  }

  /** How many loops there are in the shard. */
  int size() {
    return loops.length;
  }
}
