package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class BalancerTest {
  private final ManualTicker ticker = new ManualTicker();
  private final Balancer balancer = new Balancer(ticker, new Random(7));

  @Test
  void spreadsEvenlyOverEqualEndpoints() {
    EndpointSet set = endpoints(10);

    Map<Endpoint, Integer> shares = new HashMap<>();
    simulate(set, Duration.ofSeconds(20), 1000, e -> 5_000_000, (e, took) -> true, shares);

    assertThat(shares).hasSize(10);
    assertThat(shares.values()).allSatisfy(n -> assertThat(n).isBetween(1600, 2400));
  }

  @Test
  void spreadsEvenlyForACallerThatSendsOneRequestAtATime() {
    EndpointSet set = endpoints(2);
    Map<Endpoint, Integer> shares = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      Pick pick = balancer.pick(set);
      shares.merge(pick.endpoint(), 1, Integer::sum);
      // One is always a little nearer, by less than anybody should care about.
      ticker.advance(
          Duration.ofNanos(pick.endpoint().equals(set.ready().get(0)) ? 200_000 : 300_000));
      pick.answered();
      pick.close();
    }

    assertThat(shares.values()).allSatisfy(n -> assertThat(n).isBetween(400, 600));
  }

  @Test
  void keepsAwayFromAnEndpointThatTurnsSlow() {
    EndpointSet set = endpoints(11);
    Endpoint slow = set.ready().get(3);
    Map<Endpoint, Integer> shares = new HashMap<>();
    // Warm, then 30 s in which one answers after 2 s and the callers give up after 1 s.
    simulate(set, Duration.ofSeconds(5), 1000, e -> 5_000_000, (e, took) -> true, shares);
    shares.clear();

    int failed =
        simulate(
            set,
            Duration.ofSeconds(30),
            1000,
            e -> e.equals(slow) ? 1_000_000_000L : 5_000_000,
            (e, took) -> took < 1_000_000_000L,
            shares);

    assertThat(failed).isLessThanOrEqualTo(30);
  }

  @Test
  void anEndpointThatFailsFastGetsNoMoreThanItsShare() {
    EndpointSet set = endpoints(5);
    Endpoint broken = set.ready().get(2);
    Map<Endpoint, Integer> shares = new HashMap<>();
    Map<Endpoint, Boolean> failing = Map.of(broken, true);

    simulate(
        set,
        Duration.ofSeconds(20),
        500,
        e -> e.equals(broken) ? 1_000_000 : 20_000_000,
        (e, took) -> !failing.containsKey(e),
        shares);

    assertThat(shares.get(broken)).isLessThan(10_000 / 5 / 4);
  }

  @Test
  void anOccasionalErrorDoesNotEmptyAnEndpoint() {
    EndpointSet set = endpoints(5);
    Endpoint sometimes = set.ready().get(2);
    var count = new AtomicInteger();
    Map<Endpoint, Integer> shares = new HashMap<>();

    simulate(
        set,
        Duration.ofSeconds(20),
        500,
        e -> 20_000_000,
        (e, took) -> !e.equals(sometimes) || count.incrementAndGet() % 200 != 0,
        shares);

    assertThat(shares.get(sometimes)).isGreaterThan(10_000 / 5 / 4);
  }

  @Test
  void anEndpointThatRecoversGetsItsShareBack() {
    EndpointSet set = endpoints(4);
    Endpoint slow = set.ready().get(0);
    Map<Endpoint, Integer> shares = new HashMap<>();
    simulate(
        set,
        Duration.ofSeconds(10),
        200,
        e -> e.equals(slow) ? 500_000_000L : 5_000_000,
        (e, took) -> true,
        shares);
    assertThat(shares.get(slow)).isLessThan(200);

    simulate(set, Duration.ofSeconds(90), 200, e -> 5_000_000, (e, took) -> true, shares);
    shares.clear();
    simulate(set, Duration.ofSeconds(10), 200, e -> 5_000_000, (e, took) -> true, shares);

    assertThat(shares.get(slow)).isBetween(350, 650);
  }

  @Test
  void aNewEndpointIsTriedWithOneRequestBeforeItGetsMore() {
    EndpointSet old = endpoints(2);
    simulate(old, Duration.ofSeconds(5), 100, e -> 5_000_000, (e, t) -> true, new HashMap<>());
    EndpointSet grown = endpoints(3);
    Endpoint fresh = grown.ready().get(2);

    int onFresh = 0;
    List<Pick> open = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      Pick pick = balancer.pick(grown);
      open.add(pick);
      onFresh += pick.endpoint().equals(fresh) ? 1 : 0;
    }
    open.forEach(Pick::close);

    assertThat(onFresh).isEqualTo(1);
  }

  @Test
  void aRetryGoesToAnotherEndpointAsLongAsThereIsOne() {
    EndpointSet set = endpoints(3);
    for (int i = 0; i < 100; i++) {
      var tried = new Tried();
      List<Endpoint> order = new ArrayList<>();
      for (int attempt = 0; attempt < 3; attempt++) {
        try (Pick pick = balancer.pick(set, tried)) {
          order.add(pick.endpoint());
          tried.add(pick.endpoint());
          pick.unreachable();
        }
      }
      assertThat(order).doesNotHaveDuplicates();
    }
  }

  @Test
  void anEndpointThatCouldNotBeReachedIsLeftAloneHoweverBusyTheOthersAre() {
    EndpointSet set = endpoints(2);
    Pick first = balancer.pick(set);
    first.unreachable();
    first.close();

    for (int i = 0; i < 10_000; i++) {
      assertThat(balancer.pick(set).endpoint()).isNotEqualTo(first.endpoint());
    }
    ticker.advance(Node.FIRST_AVOIDANCE);
    Pick second = balancer.pick(set);
    assertThat(second.endpoint()).isEqualTo(first.endpoint());
    second.unreachable();
    ticker.advance(Node.FIRST_AVOIDANCE);
    assertThat(balancer.pick(set).endpoint()).isNotEqualTo(first.endpoint());
    ticker.advance(Node.FIRST_AVOIDANCE);
    Pick third = balancer.pick(set);
    assertThat(third.endpoint()).isEqualTo(first.endpoint());
    third.answered();
    assertThat(balancer.pick(set).endpoint()).isEqualTo(first.endpoint());
  }

  @Test
  void aRetryGoesToTheOnlyEndpointAgain() {
    EndpointSet set = endpoints(1);
    var tried = new Tried();
    tried.add(set.ready().get(0));

    assertThat(balancer.pick(set, tried).endpoint()).isEqualTo(set.ready().get(0));
  }

  @Test
  void hasNothingToChooseFromAnEmptySet() {
    assertThat(balancer.pick(EndpointSet.empty())).isNull();
    assertThat(balancer.pick(endpoints(2))).isNotNull();
    assertThat(balancer.pick(EndpointSet.empty())).isNull();
  }

  @Test
  void keepsWhatItKnowsAcrossSetsAndOverAShortAbsence() {
    EndpointSet both = endpoints(2);
    Endpoint slow = both.ready().get(1);
    simulate(
        both,
        Duration.ofSeconds(5),
        100,
        e -> e.equals(slow) ? 400_000_000L : 2_000_000,
        (e, t) -> true,
        new HashMap<>());

    balancer.pick(endpoints(1)).close();
    ticker.advance(Duration.ofSeconds(5));

    assertThat(balancer.loads(endpoints(2)).get(1).latency()).isGreaterThan(Duration.ofMillis(100));
  }

  @Test
  void forgetsAnEndpointThatStaysAway() {
    EndpointSet both = endpoints(2);
    Pick pick = balancer.pick(both);
    ticker.advance(Duration.ofSeconds(1));
    pick.answered();
    pick.close();

    balancer.pick(EndpointSet.empty());
    ticker.advance(Balancer.MEMORY.plusSeconds(1));
    balancer.pick(EndpointSet.of(List.of(endpoint(9))));

    assertThat(balancer.loads(both)).allSatisfy(l -> assertThat(l.latency()).isZero());
  }

  @Test
  void anotherPodAtTheSameAddressStartsAsAStranger() {
    var address = endpoint(0).address();
    EndpointSet before = EndpointSet.of(List.of(new Endpoint(address, "pod-a", null, null)));
    EndpointSet after = EndpointSet.of(List.of(new Endpoint(address, "pod-b", null, null)));
    Pick pick = balancer.pick(before);
    ticker.advance(Duration.ofMillis(50));
    pick.answered();

    assertThat(balancer.loads(after).get(0).inHand()).isZero();
    pick.close();
    assertThat(balancer.loads(after).get(0).inHand()).isZero();
    assertThat(balancer.loads(after).get(0).latency()).isZero();
  }

  @Test
  void aRequestGivenUpBeforeItsAnswerCountsForWhatItWaited() {
    EndpointSet set = endpoints(1);
    Pick pick = balancer.pick(set);
    ticker.advance(Duration.ofMillis(700));
    pick.close();
    pick.close();

    assertThat(balancer.loads(set).get(0))
        .isEqualTo(
            new Balancer.Load(set.ready().get(0), 0, Duration.ofMillis(700), Optional.empty()));
  }

  @Test
  void onlyTheFirstOutcomeCounts() {
    EndpointSet set = endpoints(1);
    Pick pick = balancer.pick(set);
    ticker.advance(Duration.ofMillis(10));
    pick.answered();
    ticker.advance(Duration.ofNanos(1));
    pick.unreachable();
    pick.close();

    assertThat(balancer.loads(set).get(0).latency()).isLessThan(Duration.ofMillis(11));
  }

  @Test
  void countsStayRightWhenManyThreadsPickWhileTheSetChanges() throws Exception {
    var shared = new Balancer(System::nanoTime, new SharedRandom());
    EndpointSet[] sets = {endpoints(3), endpoints(5), endpoints(8)};
    List<Thread> threads = new ArrayList<>();
    var broken = new AtomicInteger();
    for (int t = 0; t < 4; t++) {
      int seed = t;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 50_000; i++) {
                  EndpointSet set = sets[(i / 100 + seed) % sets.length];
                  Pick pick = shared.pick(set);
                  if (pick == null || !set.ready().contains(pick.endpoint())) {
                    broken.incrementAndGet();
                    return;
                  }
                  switch (i % 4) {
                    case 0 -> pick.failed();
                    case 1 -> pick.unreachable();
                    case 2 -> pick.answered();
                    default -> {}
                  }
                  pick.close();
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(broken.get()).isZero();
    assertThat(shared.loads(sets[2])).allSatisfy(l -> assertThat(l.inHand()).isZero());
  }

  @Test
  void backendsThatAreGoneAreForgotten() {
    var balancers = new Balancers<String>(ticker, new Random(1));
    Balancer kept = balancers.of("shop/cart:80");
    Balancer gone = balancers.of("shop/old:80");

    balancers.retain("shop/cart:80"::equals);

    assertThat(balancers.of("shop/cart:80")).isSameAs(kept);
    assertThat(balancers.of("shop/old:80")).isNotSameAs(gone);
  }

  /** Open-loop traffic: requests come at their rate, whether answers do or not. */
  private int simulate(
      EndpointSet set,
      Duration length,
      int perSecond,
      ToLongFunction<Endpoint> tookNanos,
      Outcome outcome,
      Map<Endpoint, Integer> shares) {
    record Answer(long atNanos, long took, Pick pick) {}
    var answers = new PriorityQueue<Answer>((a, b) -> Long.compare(a.atNanos, b.atNanos));
    long start = ticker.getAsLong();
    long step = 1_000_000_000L / perSecond;
    int failed = 0;
    for (long at = start; at < start + length.toNanos() || !answers.isEmpty(); at += step) {
      while (!answers.isEmpty() && answers.peek().atNanos <= at) {
        Answer answer = answers.poll();
        ticker.advance(Duration.ofNanos(answer.atNanos - ticker.getAsLong()));
        if (outcome.good(answer.pick.endpoint(), answer.took)) {
          answer.pick.answered();
        } else {
          failed++;
          if (answer.took < 1_000_000_000L) {
            answer.pick.failed();
          }
        }
        answer.pick.close();
      }
      ticker.advance(Duration.ofNanos(at - ticker.getAsLong()));
      if (at < start + length.toNanos()) {
        Pick pick = balancer.pick(set);
        shares.merge(pick.endpoint(), 1, Integer::sum);
        long took = tookNanos.applyAsLong(pick.endpoint());
        answers.add(new Answer(at + took, took, pick));
      }
    }
    return failed;
  }

  private interface Outcome {
    boolean good(Endpoint endpoint, long tookNanos);
  }

  /** As production does: each thread its own. */
  private static final class SharedRandom implements RandomGenerator {
    @Override
    public long nextLong() {
      return ThreadLocalRandom.current().nextLong();
    }
  }

  private static EndpointSet endpoints(int count) {
    return Endpoints.first(count);
  }

  private static Endpoint endpoint(int i) {
    return Endpoints.endpoint(i);
  }
}
