package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SessionAffinityTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private final ManualTicker ticker = new ManualTicker();
  private final Balancer balancer = new Balancer(ticker, new Random(7));

  @Test
  void aClientStaysWithItsEndpointHoweverBusyThatIs() {
    EndpointSet set = Endpoints.first(5);
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      used.add(balancer.pick(set, null, client(1)).endpoint());
    }

    assertThat(used).hasSize(1);
  }

  @Test
  void clientsAreSpreadOverAllEndpoints() {
    Map<Endpoint, Integer> shares = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      try (Pick pick = balancer.pick(Endpoints.first(5), null, client(i))) {
        shares.merge(pick.endpoint(), 1, Integer::sum);
      }
    }

    assertThat(shares.values()).hasSize(5).allSatisfy(n -> assertThat(n).isBetween(150, 250));
  }

  @Test
  void aClientStaysWhenOtherEndpointsComeAndGo() {
    Map<Integer, Endpoint> before = place(Endpoints.first(3), 300);

    Map<Integer, Endpoint> after = place(Endpoints.first(6), 300);

    assertThat(after).isEqualTo(before);
  }

  @Test
  void aClientOfAnEndpointThatIsGoneIsTiedToAnother() {
    Map<Integer, Endpoint> before = place(Endpoints.first(3), 100);
    EndpointSet left = Endpoints.range(1, 3);
    Map<Integer, Endpoint> after = place(left, 100);

    assertThat(after.values()).doesNotContain(Endpoints.endpoint(0));
    before.forEach((client, endpoint) -> {
      if (!endpoint.equals(Endpoints.endpoint(0))) {
        assertThat(after).containsEntry(client, endpoint);
      }
    });
    assertThat(place(Endpoints.first(3), 100)).as("and stays there").isEqualTo(after);
  }

  @Test
  void eachRequestRenewsTheTieAndSilenceEndsIt() {
    Map<Integer, Endpoint> before = place(Endpoints.first(3), 100);
    for (int i = 0; i < 5; i++) {
      ticker.advance(TIMEOUT.minusSeconds(1));
      assertThat(place(Endpoints.first(6), 100)).isEqualTo(before);
    }

    ticker.advance(TIMEOUT.plusSeconds(1));

    assertThat(place(Endpoints.first(6), 100)).isNotEqualTo(before);
  }

  @Test
  void aClientLeavesAnEndpointThatCannotBeReachedForGood() {
    EndpointSet set = Endpoints.first(3);
    Endpoint first;
    try (Pick pick = balancer.pick(set, null, client(1))) {
      first = pick.endpoint();
      pick.unreachable();
    }
    Endpoint second = pick(set, 1);
    assertThat(second).isNotEqualTo(first);

    ticker.advance(Duration.ofSeconds(30));

    assertThat(pick(set, 1)).isEqualTo(second);
  }

  @Test
  void aRetryGoesElsewhereAndLeavesTheTie() {
    EndpointSet set = Endpoints.first(3);
    Endpoint tied = pick(set, 1);
    var tried = new Tried();
    tried.add(tied);

    try (Pick retry = balancer.pick(set, tried, client(1))) {
      assertThat(retry.endpoint()).isNotEqualTo(tied);
    }
    assertThat(pick(set, 1)).isEqualTo(tied);
  }

  @Test
  void mostTiesOutliveARestart() {
    EndpointSet set = Endpoints.first(5);
    Map<Integer, Endpoint> before = place(set, 200);
    var successor = new Balancer(ticker, new Random(99));

    before.forEach((client, endpoint) -> {
      try (Pick pick = successor.pick(set, null, client(client))) {
        assertThat(pick.endpoint()).isEqualTo(endpoint);
      }
    });
  }

  @Test
  void theTableIsBoundedAndMakesRoomOfTiesThatHaveEnded() {
    var affinity = new SessionAffinity(new ConsistentHash(new Random(7)));
    Node[] nodes = {new Node(Endpoints.endpoint(1), false, 0)};
    for (int i = 0; i < SessionAffinity.MAX_CLIENTS + 500; i++) {
      affinity.choose(client(i), nodes, 0);
    }
    assertThat(affinity.size()).isEqualTo(SessionAffinity.MAX_CLIENTS);

    affinity.choose(client(60_000), nodes, TIMEOUT.toNanos() + 1);

    assertThat(affinity.size()).isEqualTo(1);
  }

  private Map<Integer, Endpoint> place(EndpointSet set, int clients) {
    Map<Integer, Endpoint> placed = new HashMap<>();
    for (int i = 0; i < clients; i++) {
      placed.put(i, pick(set, i));
    }
    return placed;
  }

  private Endpoint pick(EndpointSet set, int client) {
    try (Pick pick = balancer.pick(set, null, client(client))) {
      pick.answered();
      return pick.endpoint();
    }
  }

  private static Sticky.Client client(int number) {
    return new Sticky.Client(Endpoints.address(number), TIMEOUT);
  }
}
