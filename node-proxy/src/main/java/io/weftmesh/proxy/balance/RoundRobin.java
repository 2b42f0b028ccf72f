package io.weftmesh.proxy.balance;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * One after the other, in the order of the set. When the set changes, it goes on with the endpoint
 * whose turn it was, or the next one that is still there: beginning again at each change would give
 * the first ones more, and during a rolling update there is a change every second.
 *
 * <p>An endpoint that is passed over (not open, or not warm yet) loses this turn; its neighbour
 * does not get two.
 *
 * <p>Thread-safe without a lock: the cursor is one atomic counter.
 */
final class RoundRobin implements Strategy {
  private final RandomGenerator random;
  private final long slowStartNanos;
  private final AtomicInteger cursor;

  /**
   * @param random where to begin, so that not every node of the cluster begins with the same
   */
  RoundRobin(RandomGenerator random, long slowStartNanos) {
    this.random = random;
    this.slowStartNanos = slowStartNanos;
    this.cursor = new AtomicInteger(random.nextInt(Integer.MAX_VALUE));
  }

  @Override
  public Node choose(Node[] nodes, long nowNanos, Sticky sticky) {
    Node anyOpen = null;
    for (int i = 0; i < nodes.length; i++) {
      Node node = next(nodes);
      if (node.isOpen(nowNanos)) {
        double warmth = node.warmth(nowNanos, slowStartNanos);
        if (warmth >= 1 || random.nextDouble() < warmth) {
          return node;
        }
        anyOpen = node;
      }
    }
    return anyOpen == null ? next(nodes) : anyOpen;
  }

  @Override
  public void adopt(Node[] before, Node[] now) {
    int turn = cursor.get();
    for (int i = 0; i < before.length; i++) {
      Node next = before[Math.floorMod(turn + i, before.length)];
      for (int place = 0; place < now.length; place++) {
        if (now[place].endpoint.equals(next.endpoint)) {
          cursor.set(place);
          return;
        }
      }
    }
  }

  private Node next(Node[] nodes) {
    return nodes[Math.floorMod(cursor.getAndIncrement(), nodes.length)];
  }
}
