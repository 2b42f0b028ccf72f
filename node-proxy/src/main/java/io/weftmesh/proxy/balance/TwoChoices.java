package io.weftmesh.proxy.balance;

import java.util.random.RandomGenerator;

/**
 * The better of two drawn at random.
 *
 * <p>With one random choice the longest queue grows with the logarithm of the number of endpoints;
 * with the better of <em>two</em> it grows with the logarithm of the logarithm [1], and unlike "the
 * best of all" it does not send every proxy of the cluster to the same endpoint at the same moment.
 * It costs the same for three endpoints as for a thousand.
 *
 * <p>An endpoint in its slow start takes part in as many of its draws as it is warm: its share
 * grows in that proportion, whatever the cost says of one that has answered little.
 *
 * <p>[1] Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
final class TwoChoices implements Strategy {
  /** Latency below this counts as this. */
  static final double NOISE_NANOS = 1_000_000;

  private final RandomGenerator random;
  private final Cost cost;
  private final long slowStartNanos;

  TwoChoices(RandomGenerator random, Cost cost, long slowStartNanos) {
    this.random = random;
    this.cost = cost;
    this.slowStartNanos = slowStartNanos;
  }

  /** What is better: less of this. */
  @FunctionalInterface
  interface Cost {
    double of(Node node, long nowNanos);
  }

  /**
   * {@link PeakEwma Latency} times the requests in hand, plus one, as Finagle and linkerd2-proxy
   * have it. Latency tells what endpoints do on average; requests in hand react within the round
   * trip, before any answer of a stuck endpoint could. Two refinements:
   *
   * <ul>
   *   <li>Latency under {@link #NOISE_NANOS} counts as that. Whether a pod answers in 200 or 300 µs
   *       is scheduling and distance in the rack, and must not decide who gets all the traffic of a
   *       caller that sends one request at a time.
   *   <li>An endpoint that never answered is worth a try, but only one at a time: with a first
   *       request in hand it is taken for as slow as a failure.
   * </ul>
   */
  static double expectedWait(Node node, long nowNanos) {
    int requests = node.inHand.get();
    double nanos = node.latency.nanos(nowNanos);
    if (nanos == 0 && requests > 0) {
      return (double) PeakEwma.FAILURE_NANOS * (requests + 1);
    }
    return Math.max(nanos, NOISE_NANOS) * (requests + 1);
  }

  /** Requests in hand, with {@link RecentFailures} among them. */
  static double requestsInHand(Node node, long nowNanos) {
    return node.inHand.get() + node.failures.count(nowNanos);
  }

  @Override
  public Node choose(Node[] nodes, long nowNanos, Sticky sticky) {
    if (nodes.length == 1) {
      return nodes[0];
    }
    int first = random.nextInt(nodes.length);
    int second = random.nextInt(nodes.length - 1);
    if (second >= first) {
      second++;
    }
    Node one = nodes[first];
    Node other = nodes[second];
    if (one.outlier.isDue(nowNanos) || other.outlier.isDue(nowNanos)) {
      return one.outlier.isDue(nowNanos) ? one : other;
    }
    boolean open = one.isOpen(nowNanos);
    if (open != other.isOpen(nowNanos)) {
      return open ? one : other;
    }
    if (!open) {
      return instead(better(one, other, nowNanos), nodes, first, nowNanos);
    }
    boolean warm = isWarm(one, nowNanos);
    return warm == isWarm(other, nowNanos) ? better(one, other, nowNanos) : warm ? one : other;
  }

  private boolean isWarm(Node node, long nowNanos) {
    if (slowStartNanos == 0) {
      return true;
    }
    double warmth = node.warmth(nowNanos, slowStartNanos);
    return warmth >= 1 || random.nextDouble() < warmth;
  }

  private Node better(Node one, Node other, long nowNanos) {
    return cost.of(one, nowNanos) <= cost.of(other, nowNanos) ? one : other;
  }

  /** The next that is open, if there is one. */
  private static Node instead(Node closed, Node[] nodes, int from, long nowNanos) {
    for (int i = 1; i < nodes.length; i++) {
      Node node = nodes[(from + i) % nodes.length];
      if (node.isOpen(nowNanos)) {
        return node;
      }
    }
    return closed;
  }
}
