package io.weftmesh.proxy.balance;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses an endpoint of one backend for each request: the better of two drawn at random.
 *
 * <p>Two choices [1]: with one random choice the longest queue grows with the logarithm of the
 * number of endpoints; with the better of <em>two</em> it grows with the logarithm of the
 * logarithm, and unlike "the best of all" it does not send every proxy of the cluster to the same
 * endpoint at the same moment. It costs the same for three endpoints as for a thousand.
 *
 * <p>Better is what has the lower cost: {@link PeakEwma latency} times the requests it has in hand,
 * plus one [2]. Latency tells what endpoints do on average; requests in hand react within the round
 * trip, before any answer of a stuck endpoint could. Two refinements:
 *
 * <ul>
 *   <li>Latency under {@link #NOISE_NANOS} counts as that. Whether a pod answers in 200 or 300 µs
 *       is scheduling and distance in the rack, and must not decide who gets all the traffic of a
 *       caller that sends one request at a time.
 *   <li>An endpoint that never answered is worth a try, but only one at a time: with a first
 *       request in hand it is taken for as slow as a failure.
 *   <li>An endpoint that could not be reached is not chosen for a second, and twice as long each
 *       further time in a row, as long as there is another: latency alone would send requests there
 *       whenever the others are busy, and use up the Service's retries.
 * </ul>
 *
 * <p>Thread-safe: shared by all loops of the process, so that they know together. What was learned
 * of an endpoint is kept by address across {@link EndpointSet}s, and for {@link #MEMORY} after it
 * has left them: a pod whose readiness flaps does not come back as a stranger.
 *
 * <p>[1] Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001. [2] As
 * Finagle and linkerd2-proxy do, see {@link PeakEwma}.
 */
public final class Balancer {
  static final Duration DECAY = Duration.ofSeconds(10);
  static final Duration MEMORY = Duration.ofSeconds(60);
  static final double NOISE_NANOS = 1_000_000;
  static final Duration FIRST_AVOIDANCE = Duration.ofSeconds(1);

  /** The fifth avoidance in a row, 16 s, is not doubled again. */
  private static final int LONGEST_AVOIDED = 5;

  private final LongSupplier ticker;
  private final RandomGenerator random;

  /** All that is remembered, by address. Guarded by this. */
  private final Map<InetSocketAddress, Node> known = new HashMap<>();

  private volatile Generation generation = new Generation(EndpointSet.empty(), new Node[0]);

  /**
   * @param ticker monotonic nanoseconds
   * @param random safe to be used by several threads
   */
  public Balancer(LongSupplier ticker, RandomGenerator random) {
    this.ticker = ticker;
    this.random = random;
  }

  /** The choice for a first try; null if the set is empty. */
  public @Nullable Pick pick(EndpointSet endpoints) {
    return pick(endpoints, null);
  }

  /**
   * The choice for a retry: an endpoint that was not tried. When all were, one that was: trying the
   * only endpoint again is better than giving up.
   *
   * @return null if the set is empty
   */
  public @Nullable Pick pick(EndpointSet endpoints, @Nullable Tried tried) {
    Node[] nodes = nodes(endpoints);
    if (nodes.length == 0) {
      return null;
    }
    long now = ticker.getAsLong();
    Node chosen = tried == null ? null : among(fresh(nodes, tried), now);
    if (chosen == null) {
      chosen = among(nodes, now);
    }
    if (chosen == null) {
      return null;
    }
    chosen.inHand.incrementAndGet();
    return new Pick(chosen, this, now);
  }

  /** What is known of the endpoints now, in their order: for gauges and for explaining a choice. */
  public List<Load> loads(EndpointSet endpoints) {
    long now = ticker.getAsLong();
    Node[] nodes = nodes(endpoints);
    Load[] loads = new Load[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      loads[i] =
          new Load(
              nodes[i].endpoint,
              nodes[i].inHand.get(),
              Duration.ofNanos((long) nodes[i].latency.nanos(now)));
    }
    return List.of(loads);
  }

  /**
   * The load of one endpoint.
   *
   * @param inHand requests sent to it and not ended
   * @param latency the peak-sensitive average, failures included; zero if nothing is known
   */
  public record Load(Endpoint endpoint, int inHand, Duration latency) {}

  long nanos() {
    return ticker.getAsLong();
  }

  private @Nullable Node among(Node[] nodes, long now) {
    if (nodes.length < 2) {
      return nodes.length == 0 ? null : nodes[0];
    }
    int first = random.nextInt(nodes.length);
    int second = random.nextInt(nodes.length - 1);
    if (second >= first) {
      second++;
    }
    boolean firstAvoided = nodes[first].isAvoided(now);
    if (firstAvoided != nodes[second].isAvoided(now)) {
      return firstAvoided ? nodes[second] : nodes[first];
    }
    Node better = nodes[first].cost(now) <= nodes[second].cost(now) ? nodes[first] : nodes[second];
    return firstAvoided ? instead(better, nodes, first, now) : better;
  }

  /** The next that is not avoided, if there is one. */
  private static Node instead(Node avoided, Node[] nodes, int from, long now) {
    for (int i = 1; i < nodes.length; i++) {
      Node node = nodes[(from + i) % nodes.length];
      if (!node.isAvoided(now)) {
        return node;
      }
    }
    return avoided;
  }

  /** Only retries pay for this copy. */
  private static Node[] fresh(Node[] nodes, Tried tried) {
    Node[] fresh = new Node[nodes.length];
    int count = 0;
    for (Node node : nodes) {
      if (!tried.contains(node.endpoint)) {
        fresh[count++] = node;
      }
    }
    return Arrays.copyOf(fresh, count);
  }

  private Node[] nodes(EndpointSet endpoints) {
    Generation current = generation;
    return current.endpoints == endpoints ? current.nodes : adopt(endpoints);
  }

  /**
   * Called at each change of the set; for a moment two loops may hold different snapshots and call
   * it in turns, which costs time but loses nothing, because what is known outlives the set.
   */
  private synchronized Node[] adopt(EndpointSet endpoints) {
    long now = ticker.getAsLong();
    for (Node node : generation.nodes) {
      node.lastUseNanos = now;
    }
    List<Endpoint> ready = endpoints.ready();
    Node[] nodes = new Node[ready.size()];
    for (int i = 0; i < nodes.length; i++) {
      Endpoint endpoint = ready.get(i);
      Node node = known.get(endpoint.address());
      if (node == null || !node.endpoint.equals(endpoint)) {
        // Another pod at the same address is another endpoint, and nothing is known of it.
        node = new Node(endpoint, now);
        known.put(endpoint.address(), node);
      }
      node.lastUseNanos = now;
      nodes[i] = node;
    }
    known.values().removeIf(node -> now - node.lastUseNanos > MEMORY.toNanos());
    generation = new Generation(endpoints, nodes);
    return nodes;
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves this class
  private record Generation(EndpointSet endpoints, Node[] nodes) {}

  /** What is known of one endpoint. */
  static final class Node {
    final Endpoint endpoint;
    final PeakEwma latency;
    final AtomicInteger inHand = new AtomicInteger();

    /** How often in a row it could not be reached. */
    private final AtomicInteger strikes = new AtomicInteger();

    /** Until when it is chosen only if there is no other. */
    private volatile long avoidUntilNanos;

    /** When it was last part of a set. Guarded by the balancer. */
    private long lastUseNanos;

    Node(Endpoint endpoint, long now) {
      this.endpoint = endpoint;
      this.latency = new PeakEwma(DECAY.toNanos(), now);
      this.avoidUntilNanos = now;
    }

    void reached(long now) {
      if (strikes.get() != 0) {
        strikes.set(0);
        avoidUntilNanos = now;
      }
    }

    /** What was under way when the first failed is of the same incident, and not counted. */
    void unreachable(long now) {
      if (isAvoided(now)) {
        return;
      }
      int count = Math.min(strikes.incrementAndGet(), LONGEST_AVOIDED);
      avoidUntilNanos = now + (FIRST_AVOIDANCE.toNanos() << (count - 1));
    }

    void finished() {
      inHand.decrementAndGet();
    }

    boolean isAvoided(long now) {
      return now - avoidUntilNanos < 0;
    }

    private double cost(long now) {
      int requests = inHand.get();
      double nanos = latency.nanos(now);
      if (nanos == 0 && requests > 0) {
        return (double) PeakEwma.FAILURE_NANOS * (requests + 1);
      }
      return Math.max(nanos, NOISE_NANOS) * (requests + 1);
    }
  }
}
