package io.weftmesh.proxy.balance;

import java.util.random.RandomGenerator;

/**
 * The same endpoint for the same key, on every node of the cluster and after every restart. What a
 * {@code RingHash} promises, kept by rendezvous [1] rather than by a ring of points: each endpoint
 * has a rank for each key, and the highest that may be chosen is.
 *
 * <ul>
 *   <li>When an endpoint goes, its keys alone move, evenly to all others; when one comes, it takes
 *       an even share from all. A ring comes near to that with hundreds of points for each
 *       endpoint.
 *   <li>Nothing is built when the set changes. Sorting a ring for 1,000 endpoints at each step of a
 *       rolling update takes longer than all the choices in between; a choice among 1,000 by rank
 *       takes one or two microseconds.
 * </ul>
 *
 * <p>Bounded loads [2]: an endpoint that has a quarter more in hand than the average is passed over
 * for the next in rank, so that one popular key cannot drown it. Fewer than {@value
 * #ALWAYS_BEARABLE} in hand are never too many: with little traffic any request is more than a
 * quarter above the average, and would be torn from its key.
 *
 * <p>Thread-safe; keeps nothing.
 *
 * <p>[1] Thaler, Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998. [2]
 * Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2018.
 */
final class ConsistentHash implements Strategy {
  static final int ALWAYS_BEARABLE = 10;
  private static final double EXCESS = 1.25;

  private final RandomGenerator random;

  /**
   * @param random for requests without a key
   */
  ConsistentHash(RandomGenerator random) {
    this.random = random;
  }

  @Override
  public Node choose(Node[] nodes, long nowNanos, Sticky sticky) {
    long point =
        switch (sticky) {
          case Sticky.Hash hash -> hash.point();
          case Sticky.Client client -> Hashes.of(client.address().getAddress());
          case Sticky.None() -> random.nextLong();
        };
    int bearable = bearable(nodes);
    Node best = nodes[0];
    int bestStanding = -1;
    long bestRank = 0;
    for (Node node : nodes) {
      int standing = !node.isOpen(nowNanos) ? 0 : node.inHand.get() >= bearable ? 1 : 2;
      long rank = Hashes.mix(node.seed ^ point);
      if (standing > bestStanding || (standing == bestStanding && rank > bestRank)) {
        best = node;
        bestStanding = standing;
        bestRank = rank;
      }
    }
    return best;
  }

  private static int bearable(Node[] nodes) {
    long inHand = 1;
    for (Node node : nodes) {
      inHand += node.inHand.get();
    }
    return Math.max(ALWAYS_BEARABLE, (int) Math.ceil(EXCESS * inHand / nodes.length));
  }
}
