package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.HashKey;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The ways of choosing, and what all of them leave alone. */
class StrategiesTest {
  private static final Algorithm RING = new Algorithm.RingHash(new HashKey.SourceAddress());

  private final ManualTicker ticker = new ManualTicker();
  private final Balancer balancer = new Balancer(ticker, new Random(7));

  // --- all of them ---

  static Stream<Algorithm> algorithms() {
    return Stream.of(
        new Algorithm.PeakEwma(), new Algorithm.LeastRequest(), new Algorithm.RoundRobin(), RING);
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void allLeaveAloneWhatCouldNotBeReached(Algorithm algorithm) {
    use(algorithm, Duration.ZERO);
    EndpointSet set = Endpoints.first(4);
    Pick refused = balancer.pick(set);
    refused.unreachable();
    refused.close();

    assertThat(shares(set, 400)).doesNotContainKey(refused.endpoint()).hasSize(3);
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void allChooseSomethingWhereNothingCanBeReached(Algorithm algorithm) {
    use(algorithm, Duration.ZERO);
    EndpointSet set = Endpoints.first(3);
    for (int i = 0; i < 20; i++) {
      Pick pick = balancer.pick(set);
      pick.unreachable();
      pick.close();
    }

    assertThat(shares(set, 100)).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void allSendARetryToAnotherEndpoint(Algorithm algorithm) {
    use(algorithm, Duration.ZERO);
    EndpointSet set = Endpoints.first(3);
    for (int i = 0; i < 50; i++) {
      var tried = new Tried();
      Set<Endpoint> used = new HashSet<>();
      for (int attempt = 0; attempt < 3; attempt++) {
        try (Pick pick = balancer.pick(set, tried, Sticky.to("key" + i))) {
          used.add(pick.endpoint());
          tried.add(pick.endpoint());
          pick.failed();
        }
      }
      assertThat(used).hasSize(3);
    }
  }

  @Test
  void whatIsKnownOutlivesAChangeOfTheAlgorithm() {
    EndpointSet set = Endpoints.first(2);
    try (Pick pick = balancer.pick(set)) {
      ticker.advance(Duration.ofMillis(500));
      pick.answered();
    }
    use(new Algorithm.RoundRobin(), Duration.ZERO);

    assertThat(balancer.loads(set))
        .anySatisfy(load -> assertThat(load.latency()).isEqualTo(Duration.ofMillis(500)));
  }

  // --- least request ---

  @Test
  void leastRequestLooksAtWhatIsInHandAndNotAtLatency() {
    use(new Algorithm.LeastRequest(), Duration.ZERO);
    EndpointSet set = Endpoints.first(2);
    Pick held = balancer.pick(set);
    Pick slow = balancer.pick(set);
    assertThat(slow.endpoint()).isNotEqualTo(held.endpoint());
    ticker.advance(Duration.ofSeconds(5));
    slow.answered();
    slow.close();

    for (int i = 0; i < 20; i++) {
      try (Pick pick = balancer.pick(set)) {
        assertThat(pick.endpoint()).isEqualTo(slow.endpoint());
        pick.answered();
      }
    }
  }

  @Test
  void leastRequestTakesAFailureForARequestInHandThatFades() {
    use(new Algorithm.LeastRequest(), Duration.ZERO);
    EndpointSet set = Endpoints.first(2);
    Pick failed = balancer.pick(set);
    failed.failed();
    failed.close();

    assertThat(shares(set, 10)).doesNotContainKey(failed.endpoint());
    try (Pick other = balancer.pick(set)) {
      ticker.advance(Duration.ofMillis(100));
      assertThat(shares(set, 10))
          .as("one in hand is worse than a failure that has begun to fade")
          .doesNotContainKey(other.endpoint());
    }
  }

  // --- round robin ---

  @Test
  void roundRobinGivesEachItsTurn() {
    use(new Algorithm.RoundRobin(), Duration.ZERO);
    EndpointSet set = Endpoints.first(7);

    for (int round = 0; round < 50; round++) {
      assertThat(shares(set, 7)).hasSize(7);
    }
  }

  @Test
  void roundRobinGoesOnWhereItWasWhenTheSetChanges() {
    use(new Algorithm.RoundRobin(), Duration.ZERO);
    // As in a rolling update: at every change one goes and another comes, and of each set only some
    // are used.
    Map<Endpoint, Integer> shares = new HashMap<>();
    for (int step = 0; step < 300; step++) {
      EndpointSet set = Endpoints.of(0, 1, 2, 3, 4, 5, 6, 7, 100 + step % 2);
      shares(set, 5).forEach((endpoint, count) -> shares.merge(endpoint, count, Integer::sum));
    }

    for (int i = 0; i < 8; i++) {
      assertThat(shares.get(Endpoints.endpoint(i))).isBetween(160, 195);
    }
  }

  @Test
  void roundRobinDoesNotGiveTheNeighbourOfAClosedEndpointTwoTurns() {
    use(new Algorithm.RoundRobin(), Duration.ZERO);
    EndpointSet set = Endpoints.first(5);
    Pick refused = balancer.pick(set);
    refused.unreachable();
    refused.close();

    assertThat(shares(set, 400).values()).containsOnly(100);
  }

  // --- ring hash ---

  @Test
  void ringHashKeepsAKeyOnItsEndpoint() {
    use(RING, Duration.ZERO);
    EndpointSet set = Endpoints.first(10);
    Map<String, Endpoint> placed = place(set, 500);

    assertThat(place(set, 500)).isEqualTo(placed);
    assertThat(new HashSet<>(placed.values())).hasSize(10);
  }

  @Test
  void ringHashPlacesKeysAlikeInEveryProcessAndWhateverTheOrder() {
    use(RING, Duration.ZERO);
    Map<String, Endpoint> here = place(Endpoints.of(0, 1, 2, 3, 4), 500);
    var elsewhere = new Balancer(ticker, new Random(99));
    elsewhere.use(settings(RING, Duration.ZERO));
    EndpointSet shuffled = Endpoints.of(4, 2, 0, 1, 3);

    here.forEach((key, endpoint) -> {
      try (Pick pick = elsewhere.pick(shuffled, null, Sticky.to(key))) {
        assertThat(pick.endpoint()).isEqualTo(endpoint);
      }
    });
    // Pinned: a new version that placed keys elsewhere would break every session at its upgrade.
    assertThat(here.get("key0")).isEqualTo(Endpoints.endpoint(4));
  }

  @Test
  void ringHashMovesTheKeysOfAnEndpointThatGoesAndNoOthers() {
    use(RING, Duration.ZERO);
    Map<String, Endpoint> before = place(Endpoints.of(0, 1, 2, 3, 4), 1000);

    Map<String, Endpoint> after = place(Endpoints.of(0, 1, 3, 4), 1000);

    Endpoint gone = Endpoints.endpoint(2);
    Map<Endpoint, Integer> took = new HashMap<>();
    before.forEach((key, endpoint) -> {
      if (endpoint.equals(gone)) {
        took.merge(after.get(key), 1, Integer::sum);
      } else {
        assertThat(after.get(key)).isEqualTo(endpoint);
      }
    });
    assertThat(took).hasSize(4);
    assertThat(took.values()).allSatisfy(n -> assertThat(n).isBetween(25, 80));
  }

  @Test
  void ringHashGivesAnEndpointThatComesAnEvenShareOfAllKeys() {
    use(RING, Duration.ZERO);
    Map<String, Endpoint> before = place(Endpoints.first(4), 1000);

    Map<String, Endpoint> after = place(Endpoints.first(5), 1000);

    int moved = 0;
    for (String key : before.keySet()) {
      if (!after.get(key).equals(before.get(key))) {
        assertThat(after.get(key)).isEqualTo(Endpoints.endpoint(4));
        moved++;
      }
    }
    assertThat(moved).isBetween(150, 250);
  }

  @Test
  void ringHashSpreadsAPopularKeyWhenItsEndpointHasTooMuchInHand() {
    use(RING, Duration.ZERO);
    EndpointSet set = Endpoints.first(5);
    List<Pick> held = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      held.add(balancer.pick(set, null, Sticky.to("everybody's favourite")));
    }

    assertThat(balancer.loads(set)).allSatisfy(l -> assertThat(l.inHand()).isLessThan(127));
    held.forEach(Pick::close);
  }

  @Test
  void ringHashDoesNotSpreadAKeyThatAnEndpointCanBear() {
    use(RING, Duration.ZERO);
    EndpointSet set = Endpoints.first(5);
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < ConsistentHash.ALWAYS_BEARABLE; i++) {
      used.add(balancer.pick(set, null, Sticky.to("key")).endpoint());
    }

    assertThat(used).hasSize(1);
  }

  @Test
  void ringHashSendsRequestsWithoutAKeyAnywhere() {
    use(RING, Duration.ZERO);

    assertThat(shares(Endpoints.first(5), 1000).values())
        .hasSize(5)
        .allSatisfy(n -> assertThat(n).isBetween(140, 260));
  }

  // --- slow start ---

  static Stream<Algorithm> warming() {
    return Stream.of(
        new Algorithm.PeakEwma(), new Algorithm.LeastRequest(), new Algorithm.RoundRobin());
  }

  @ParameterizedTest
  @MethodSource("warming")
  void anEndpointThatComesGetsItsShareBySteps(Algorithm algorithm) {
    var simulation =
        new Simulation(new LoadBalancing(algorithm, Duration.ofSeconds(60)), Optional.empty());
    Simulation.Application application =
        endpoint -> new Simulation.Reply(Duration.ofMillis(5), true);
    EndpointSet old = Endpoints.first(4);
    EndpointSet grown = Endpoints.first(5);
    Endpoint fresh = Endpoints.endpoint(4);
    Map<Endpoint, Integer> first =
        simulation.run(old, Duration.ofSeconds(20), 500, application).shares;
    assertThat(first.values()).allSatisfy(n -> assertThat(n).isBetween(2000, 3000));

    List<Integer> percents = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      var outcome = simulation.run(grown, Duration.ofSeconds(20), 500, application);
      percents.add(100 * outcome.share(fresh) / outcome.sent);
    }

    // A fifth is its full share; on average a sixth, a half and five sixths of it on the way.
    assertThat(percents.get(0)).isBetween(2, 6);
    assertThat(percents.get(1)).isBetween(7, 13);
    assertThat(percents.get(2)).isBetween(13, 19);
    assertThat(percents.get(3)).isBetween(18, 22);
  }

  @Test
  void allThatAreThereAtTheBeginningAreEquallyWarm() {
    use(new Algorithm.RoundRobin(), Duration.ofSeconds(60));

    assertThat(shares(Endpoints.first(4), 400).values()).containsOnly(100);
  }

  private void use(Algorithm algorithm, Duration slowStart) {
    balancer.use(settings(algorithm, slowStart));
  }

  private static BackendSettings settings(Algorithm algorithm, Duration slowStart) {
    return new BackendSettings(
        Duration.ofSeconds(1), Duration.ZERO, new LoadBalancing(algorithm, slowStart));
  }

  /** Where so many keys go, one request after the other. */
  private Map<String, Endpoint> place(EndpointSet set, int keys) {
    Map<String, Endpoint> placed = new HashMap<>();
    for (int i = 0; i < keys; i++) {
      try (Pick pick = balancer.pick(set, null, Sticky.to("key" + i))) {
        placed.put("key" + i, pick.endpoint());
        pick.answered();
      }
    }
    return placed;
  }

  /** Where so many requests go, one after the other. */
  private Map<Endpoint, Integer> shares(EndpointSet set, int requests) {
    Map<Endpoint, Integer> shares = new HashMap<>();
    for (int i = 0; i < requests; i++) {
      try (Pick pick = balancer.pick(set)) {
        shares.merge(pick.endpoint(), 1, Integer::sum);
        pick.untried();
      }
    }
    return shares;
  }
}
