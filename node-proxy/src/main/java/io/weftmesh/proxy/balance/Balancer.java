package io.weftmesh.proxy.balance;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses an endpoint of one backend for each request.
 *
 * <p>How is a {@link Strategy}: {@link TwoChoices} by latency or by requests in hand, {@link
 * RoundRobin}, {@link ConsistentHash}; {@link SessionAffinity} wins over all of them. Whatever it
 * is, some endpoints are chosen only if there is no other:
 *
 * <ul>
 *   <li>One that could not be reached is avoided for a second, and twice as long each further time
 *       in a row: latency alone would send requests there whenever the others are busy, and use up
 *       the Service's retries.
 *   <li>One that fails is ejected, where a policy asks for it: see {@link Outliers}.
 * </ul>
 *
 * <p>Thread-safe: shared by all loops of the process, so that they know together; a choice takes no
 * lock. What was learned of an endpoint is kept by address across {@link EndpointSet}s, and for
 * {@link #MEMORY} after it has left them: a pod whose readiness flaps does not come back as a
 * stranger.
 */
public final class Balancer {
  static final Duration MEMORY = Duration.ofSeconds(60);

  /** Losing the race for a probe twice in one choice is as good as impossible. */
  private static final int MOST_ROUNDS = 3;

  private final LongSupplier ticker;
  private final RandomGenerator random;
  private final Outliers outliers = new Outliers();
  private final SessionAffinity affinity;

  /** All that is remembered, by address. Guarded by this. */
  private final Map<InetSocketAddress, Node> known = new HashMap<>();

  private volatile BackendSettings settings = BackendSettings.DEFAULT;
  private volatile Generation generation;

  /**
   * @param ticker monotonic nanoseconds
   * @param random safe to be used by several threads
   */
  public Balancer(LongSupplier ticker, RandomGenerator random) {
    this.ticker = ticker;
    this.random = random;
    this.affinity = new SessionAffinity(new ConsistentHash(random));
    this.generation =
        new Generation(EndpointSet.empty(), new Node[0], strategy(settings.loadBalancing()));
  }

  /**
   * Chooses and ejects by these settings from now on. Equal ones change nothing, and cost nothing
   * as long as they are the same object.
   */
  public void use(BackendSettings wanted) {
    if (!settings.equals(wanted)) {
      change(wanted);
    }
  }

  /** The choice for a first try of a request that nothing ties; null if the set is empty. */
  public @Nullable Pick pick(EndpointSet endpoints) {
    return pick(endpoints, null, Sticky.NONE);
  }

  /** The choice for a try of a request that nothing ties. */
  public @Nullable Pick pick(EndpointSet endpoints, @Nullable Tried tried) {
    return pick(endpoints, tried, Sticky.NONE);
  }

  /**
   * The choice for a try. For a retry, an endpoint that was not tried. When all were, one that was:
   * trying the only endpoint again is better than giving up.
   *
   * @param tried null for a first try
   * @return null if the set is empty
   */
  public @Nullable Pick pick(EndpointSet endpoints, @Nullable Tried tried, Sticky sticky) {
    Generation current = generation(endpoints);
    if (current.nodes.length == 0) {
      return null;
    }
    long now = ticker.getAsLong();
    Node[] candidates = tried == null ? current.nodes : fresh(current.nodes, tried, now);
    for (int round = 1; ; round++) {
      // A retry looks elsewhere, and leaves the client's tie as it is.
      Node chosen =
          tried == null && sticky instanceof Sticky.Client client
              ? affinity.choose(client, candidates, now)
              : current.strategy.choose(candidates, now, sticky);
      Outlier.Ejection probe = chosen.outlier.isDue(now) ? outliers.probe(chosen, now) : null;
      // Out without the probe: another loop took it a moment ago, or there is no other endpoint.
      if (probe != null || round == MOST_ROUNDS || !chosen.outlier.isOut(now)) {
        chosen.inHand.incrementAndGet();
        return new Pick(chosen, this, probe, now);
      }
    }
  }

  /**
   * A certain endpoint in place of a choice, for a request that nothing ties: because there is a
   * connection to it, and none to be had to another.
   *
   * @param tried null for a first try
   * @return null if it is not in the set, was tried, or is one of those that are avoided
   */
  public @Nullable Pick take(Endpoint endpoint, EndpointSet endpoints, @Nullable Tried tried) {
    long now = ticker.getAsLong();
    for (Node node : generation(endpoints).nodes) {
      if (node.endpoint.equals(endpoint)) {
        if (!node.isOpen(now)
            || node.outlier.isDue(now)
            || (tried != null && tried.contains(endpoint))) {
          return null;
        }
        node.inHand.incrementAndGet();
        return new Pick(node, this, null, now);
      }
    }
    return null;
  }

  /** What is known of the endpoints now, in their order: for explaining a choice. */
  public List<Load> loads(EndpointSet endpoints) {
    long now = ticker.getAsLong();
    return Arrays.stream(generation(endpoints).nodes).map(node -> load(node, now)).toList();
  }

  /** How many endpoints it chooses among, and how many of them are ejected: for gauges. */
  public Census census() {
    Node[] nodes = generation.nodes;
    int ejected = 0;
    for (Node node : nodes) {
      ejected += node.outlier.ejection() == null ? 0 : 1;
    }
    return new Census(nodes.length, ejected);
  }

  /**
   * How many there are.
   *
   * @param endpoints as of the last choice
   * @param ejected of these, one that is probed included
   */
  public record Census(int endpoints, int ejected) {}

  /**
   * The load of one endpoint.
   *
   * @param inHand requests sent to it and not ended
   * @param latency the peak-sensitive average, failures included; zero if nothing is known
   * @param ejected empty if it may be chosen
   */
  public record Load(Endpoint endpoint, int inHand, Duration latency, Optional<Ejected> ejected) {}

  /**
   * That an endpoint is ejected.
   *
   * @param left until a request probes it; zero if the next one will
   * @param probing whether one does now
   * @param why in words for people
   */
  public record Ejected(Duration left, boolean probing, String why) {}

  long nanos() {
    return ticker.getAsLong();
  }

  Outliers outliers() {
    return outliers;
  }

  private static Load load(Node node, long now) {
    return new Load(
        node.endpoint,
        node.inHand.get(),
        Duration.ofNanos((long) node.latency.nanos(now)),
        Optional.ofNullable(node.outlier.ejection())
            .map(ejection ->
                new Ejected(
                    Duration.ofNanos(Math.max(0, ejection.untilNanos() - now)),
                    ejection.probing(),
                    ejection.why())));
  }

  /** Those that were not tried; failing that all. Only retries pay for this copy. */
  private static Node[] fresh(Node[] nodes, Tried tried, long now) {
    Node[] fresh = new Node[nodes.length];
    int count = 0;
    for (Node node : nodes) {
      // One that is known to be bad is no better than the one that just failed once.
      if (!tried.contains(node.endpoint) && !node.outlier.isOut(now)) {
        fresh[count++] = node;
      }
    }
    return count == 0 ? nodes : Arrays.copyOf(fresh, count);
  }

  private Strategy strategy(LoadBalancing how) {
    long slowStartNanos = how.slowStart().toNanos();
    return switch (how.algorithm()) {
      case Algorithm.PeakEwma() -> new TwoChoices(random, TwoChoices::expectedWait, slowStartNanos);
      case Algorithm.LeastRequest() ->
          new TwoChoices(random, TwoChoices::requestsInHand, slowStartNanos);
      case Algorithm.RoundRobin() -> new RoundRobin(random, slowStartNanos);
      case Algorithm.RingHash ring -> new ConsistentHash(random);
    };
  }

  private synchronized void change(BackendSettings wanted) {
    BackendSettings before = settings;
    settings = wanted;
    Generation current = generation;
    if (!before.loadBalancing().equals(wanted.loadBalancing())) {
      generation =
          new Generation(current.endpoints, current.nodes, strategy(wanted.loadBalancing()));
    }
    if (!before.ejection().equals(wanted.ejection())) {
      outliers.adopt(current.nodes, wanted.ejection().orElse(null));
    }
  }

  private Generation generation(EndpointSet endpoints) {
    Generation current = generation;
    return current.endpoints == endpoints ? current : adopt(endpoints);
  }

  /**
   * Called at each change of the set; for a moment two loops may hold different snapshots and call
   * it in turns, which costs time but loses nothing, because what is known outlives the set.
   */
  private synchronized Generation adopt(EndpointSet endpoints) {
    long now = ticker.getAsLong();
    Generation before = generation;
    for (Node node : before.nodes) {
      node.lastUseNanos = now;
    }
    // All that are there when a backend is first used, or after it had none, are equally old.
    boolean newcomers = before.nodes.length > 0;
    List<Endpoint> ready = endpoints.ready();
    Node[] nodes = new Node[ready.size()];
    for (int i = 0; i < nodes.length; i++) {
      Endpoint endpoint = ready.get(i);
      Node node = known.get(endpoint.address());
      if (node == null || !node.endpoint.equals(endpoint)) {
        // Another pod at the same address is another endpoint, and nothing is known of it.
        node = new Node(endpoint, newcomers, now);
        known.put(endpoint.address(), node);
      }
      node.lastUseNanos = now;
      nodes[i] = node;
    }
    known.values().removeIf(node -> now - node.lastUseNanos > MEMORY.toNanos());
    before.strategy.adopt(before.nodes, nodes);
    outliers.adopt(nodes, settings.ejection().orElse(null));
    Generation next = new Generation(endpoints, nodes, before.strategy);
    generation = next;
    return next;
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves this class
  private record Generation(EndpointSet endpoints, Node[] nodes, Strategy strategy) {}
}
