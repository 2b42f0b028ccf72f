package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.OutlierEjection.SuccessRate;
import io.weftmesh.policy.model.TrafficLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutlierTest {
  private static final OutlierEjection THREE_IN_A_ROW =
      new OutlierEjection(3, Optional.empty(), Duration.ofSeconds(10), Duration.ofSeconds(35), 50);

  private final ManualTicker ticker = new ManualTicker();
  private final Balancer balancer = new Balancer(ticker, new Random(7));
  private final EndpointSet two = Endpoints.first(2);
  private final Endpoint bad = two.ready().get(0);

  @BeforeEach
  void rules() {
    use(THREE_IN_A_ROW);
  }

  @Test
  void soManyFailuresInARowEjectAnEndpoint() {
    on(bad, Pick::failed);
    on(bad, Pick::timedOut);
    assertThat(ejected(bad)).isEmpty();

    on(bad, Pick::failed);

    assertThat(ejected(bad))
        .contains(new Balancer.Ejected(Duration.ofSeconds(10), false, "3 failures in a row"));
    assertThat(picks(10)).doesNotContain(bad);
  }

  @Test
  void aGoodAnswerBreaksTheRow() {
    on(bad, Pick::failed);
    on(bad, Pick::failed);
    on(bad, Pick::answered);
    on(bad, Pick::failed);
    on(bad, Pick::failed);

    assertThat(ejected(bad)).isEmpty();
  }

  @Test
  void whatSaysNothingOfTheEndpointNeitherCountsNorBreaksTheRow() {
    on(bad, Pick::failed);
    on(bad, Pick::untried);
    on(bad, pick -> {});
    on(bad, Pick::failed);
    assertThat(ejected(bad)).isEmpty();

    on(bad, Pick::failed);

    assertThat(ejected(bad)).isPresent();
  }

  @Test
  void oneRequestProbesWhenTheTimeIsOverAndASecondOneWaits() {
    eject(bad);
    ticker.advance(Duration.ofSeconds(10));

    Pick probe = pickOf(bad);

    assertThat(ejected(bad).orElseThrow().probing()).isTrue();
    assertThat(picks(10)).doesNotContain(bad);
    probe.answered();
    probe.close();
    assertThat(ejected(bad)).isEmpty();
    assertThat(picks(10)).contains(bad);
  }

  @Test
  void eachFailedProbeDoublesTheTimeUpToABound() {
    eject(bad);
    List<Duration> lengths = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Duration left = ejected(bad).orElseThrow().left();
      lengths.add(left);
      ticker.advance(left);
      on(bad, Pick::failed);
    }

    assertThat(lengths)
        .containsExactly(
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            Duration.ofSeconds(35),
            Duration.ofSeconds(35));
    assertThat(ejected(bad).orElseThrow().why()).contains("the probe failed");
  }

  @Test
  void aReasonDoesNotGrowWithEveryProbe() {
    eject(bad);
    for (int i = 0; i < 50; i++) {
      ticker.advance(ejected(bad).orElseThrow().left());
      on(bad, Pick::failed);
    }

    assertThat(ejected(bad).orElseThrow().why()).hasSizeLessThan(60);
  }

  @Test
  void anEjectionSoonAfterTheLastOneIsLongerAndOneMuchLaterIsNot() {
    eject(bad);
    ticker.advance(Duration.ofSeconds(10));
    on(bad, Pick::answered);

    ticker.advance(Duration.ofSeconds(5));
    eject(bad);
    assertThat(ejected(bad).orElseThrow().left()).isEqualTo(Duration.ofSeconds(20));

    ticker.advance(Duration.ofSeconds(20));
    on(bad, Pick::answered);
    ticker.advance(Duration.ofSeconds(60));
    eject(bad);
    assertThat(ejected(bad).orElseThrow().left()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void aProbeThatIsGivenUpLeavesTheNextRequestToProbe() {
    eject(bad);
    ticker.advance(Duration.ofSeconds(10));

    pickOf(bad).close();

    assertThat(ejected(bad).orElseThrow().left()).isZero();
    on(bad, Pick::answered);
    assertThat(ejected(bad)).isEmpty();
  }

  @Test
  void aProbeThatHangsDoesNotKeepTheEndpointOutForEver() {
    eject(bad);
    ticker.advance(Duration.ofSeconds(10));
    Pick hangs = pickOf(bad);
    ticker.advance(Duration.ofSeconds(10));

    on(bad, Pick::answered);
    assertThat(ejected(bad)).isEmpty();

    hangs.failed();
    assertThat(ejected(bad)).isEmpty();
  }

  @Test
  void whatWasUnderWayWhenItWasEjectedDecidesNothing() {
    Pick underWay = pickOf(bad);
    Pick another = pickOf(bad);
    eject(bad);

    underWay.answered();
    another.failed();

    assertThat(ejected(bad).orElseThrow().left()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void aPoorShareOfGoodAnswersEjectsWithoutARow() {
    use(
        new OutlierEjection(
            0,
            Optional.of(new SuccessRate(Duration.ofSeconds(10), 10, 50)),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            50));
    for (int i = 0; i < 4; i++) {
      on(bad, Pick::answered);
      on(bad, Pick::failed);
    }
    on(bad, Pick::failed);
    assertThat(ejected(bad)).as("9 answers are too few").isEmpty();

    on(bad, Pick::failed);

    assertThat(ejected(bad).orElseThrow().why()).isEqualTo("4 of 10 answers were good in PT10S");
  }

  @Test
  void failuresThatLeftTheWindowAreForgotten() {
    use(
        new OutlierEjection(
            0,
            Optional.of(new SuccessRate(Duration.ofSeconds(10), 10, 50)),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            50));
    for (int i = 0; i < 9; i++) {
      on(bad, Pick::failed);
    }
    ticker.advance(Duration.ofSeconds(11));
    for (int i = 0; i < 6; i++) {
      on(bad, Pick::answered);
    }
    for (int i = 0; i < 6; i++) {
      on(bad, Pick::failed);
    }

    assertThat(ejected(bad)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 100, 0",
    "2, 100, 1",
    "2, 50, 1",
    "2, 49, 0",
    "3, 50, 1",
    "10, 50, 5",
    "10, 0, 0"
  })
  void noMoreThanTheCapAreEjectedAndNeverTheLast(int endpoints, int percent, int most) {
    use(
        new OutlierEjection(
            1, Optional.empty(), Duration.ofSeconds(10), Duration.ofSeconds(10), percent));
    EndpointSet set = Endpoints.first(endpoints);

    for (int i = 0; i < 200; i++) {
      Pick pick = balancer.pick(set);
      pick.failed();
      pick.close();
    }

    assertThat(balancer.loads(set).stream().filter(load -> load.ejected().isPresent()))
        .hasSize(most);
  }

  @Test
  void whenTheSetShrinksThoseComeBackWhoseTimeIsOverSoonest() {
    EndpointSet four = Endpoints.first(4);
    balancer.pick(four).close();
    eject(four, four.ready().get(0));
    ticker.advance(Duration.ofSeconds(1));
    eject(four, four.ready().get(1));

    EndpointSet left = Endpoints.first(2);

    assertThat(balancer.loads(left).get(0).ejected()).isEmpty();
    assertThat(balancer.loads(left).get(1).ejected()).isPresent();
  }

  @Test
  void anEjectedEndpointThatComesBackIntoTheSetIsStillEjected() {
    eject(bad);
    balancer.pick(Endpoints.range(1, 2)).close();
    ticker.advance(Duration.ofSeconds(1));

    assertThat(balancer.loads(Endpoints.first(2)).get(0).ejected()).isPresent();
  }

  @Test
  void allComeBackWhenNobodyAsksForEjectionAnyMore() {
    eject(bad);

    use(Optional.empty());

    assertThat(ejected(bad)).isEmpty();
    assertThat(picks(10)).contains(bad);
  }

  @Test
  void aRetryPrefersTheEndpointThatFailedOnceToOneThatIsEjected() {
    eject(bad);
    Endpoint other = two.ready().get(1);
    var tried = new Tried();
    tried.add(other);

    for (int i = 0; i < 100; i++) {
      try (Pick pick = balancer.pick(two, tried)) {
        assertThat(pick.endpoint()).isEqualTo(other);
      }
    }
  }

  @Test
  void ofManyThreadsOneGetsTheProbe() throws Exception {
    for (int round = 0; round < 200; round++) {
      eject(bad);
      ticker.advance(ejected(bad).orElseThrow().left());
      var probes = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      List<Pick> held = Collections.synchronizedList(new ArrayList<>());
      for (int t = 0; t < 3; t++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int i = 0; i < 20; i++) {
                    Pick pick = balancer.pick(two);
                    held.add(pick);
                    if (pick.endpoint().equals(bad)) {
                      probes.incrementAndGet();
                    }
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(probes.get()).isEqualTo(1);
      held.forEach(pick -> {
        pick.answered();
        pick.close();
      });
      assertThat(ejected(bad)).isEmpty();
    }
  }

  private void use(OutlierEjection rules) {
    use(Optional.of(rules));
  }

  /** In turns, so that nothing but ejection keeps an endpoint from being chosen. */
  private void use(Optional<OutlierEjection> rules) {
    balancer.use(
        new BackendSettings(
            Duration.ofSeconds(1),
            Duration.ZERO,
            new LoadBalancing(new LoadBalancing.Algorithm.RoundRobin(), Duration.ZERO),
            rules,
            TrafficLimits.NONE,
            TrafficLimits.NONE));
  }

  private void eject(Endpoint endpoint) {
    eject(two, endpoint);
  }

  private void eject(EndpointSet set, Endpoint endpoint) {
    for (int i = 0; i < 3; i++) {
      try (Pick pick = pickOf(set, endpoint)) {
        pick.failed();
      }
    }
  }

  private void on(Endpoint endpoint, Consumer<Pick> outcome) {
    try (Pick pick = pickOf(endpoint)) {
      outcome.accept(pick);
    }
  }

  private Pick pickOf(Endpoint endpoint) {
    return pickOf(two, endpoint);
  }

  private Pick pickOf(EndpointSet set, Endpoint endpoint) {
    List<Pick> others = new ArrayList<>();
    try {
      for (int i = 0; i < set.ready().size(); i++) {
        Pick pick = balancer.pick(set);
        if (pick.endpoint().equals(endpoint)) {
          return pick;
        }
        others.add(pick);
      }
      throw new AssertionError(endpoint + " is never chosen");
    } finally {
      others.forEach(pick -> {
        pick.untried();
        pick.close();
      });
    }
  }

  private List<Endpoint> picks(int count) {
    List<Endpoint> picked = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Pick pick = balancer.pick(two);
      picked.add(pick.endpoint());
      pick.untried();
      pick.close();
    }
    return picked;
  }

  private Optional<Balancer.Ejected> ejected(Endpoint endpoint) {
    return balancer.loads(two).stream()
        .filter(load -> load.endpoint().equals(endpoint))
        .findFirst()
        .orElseThrow()
        .ejected();
  }
}
