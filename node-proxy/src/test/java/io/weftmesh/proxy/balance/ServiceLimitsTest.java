package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.ServiceLimits.Admission;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ServiceLimitsTest {
  private static final int NONE = TrafficLimits.UNLIMITED;

  private final ServiceLimits limits = new ServiceLimits();

  @ParameterizedTest
  @EnumSource
  void eachUseHasItsOwnLimitAndGivesPlacesBack(Use use) {
    BackendSettings two = settings(2, NONE);
    Place first = place(use, two, "a");
    place(use, two, "b");

    assertThat(limits.acquire(use, two, "c")).isEqualTo(new Full(use, false, 2));
    for (Use other : Use.values()) {
      assertThat(limits.held(other)).isEqualTo(other == use ? 2 : 0);
      assertThat(limits.refused(other)).isEqualTo(other == use ? 1 : 0);
    }

    first.close();
    first.close();

    assertThat(limits.held(use)).isEqualTo(1);
    place(use, two, "c");
  }

  @Test
  void onePodCannotTakeWhatTheOthersNeed() {
    BackendSettings settings = settings(5, 2);
    place(Use.CONCURRENT_REQUEST, settings, "greedy");
    place(Use.CONCURRENT_REQUEST, settings, "greedy");

    for (int i = 0; i < 10; i++) {
      assertThat(limits.acquire(Use.CONCURRENT_REQUEST, settings, "greedy"))
          .isEqualTo(new Full(Use.CONCURRENT_REQUEST, true, 2));
    }

    assertThat(limits.held(Use.CONCURRENT_REQUEST)).isEqualTo(2);
    place(Use.CONCURRENT_REQUEST, settings, "modest");
  }

  @Test
  void aRefusalByTheLimitOfAllLeavesTheClientsOwnPlaces() {
    BackendSettings settings = settings(1, 1);
    Place taken = place(Use.CONNECTION, settings, "a");
    assertThat(limits.acquire(Use.CONNECTION, settings, "b")).isInstanceOf(Full.class);

    taken.close();

    place(Use.CONNECTION, settings, "b");
  }

  @Test
  void saysWhichLimitIsReached() {
    assertThat(new Full(Use.CONCURRENT_REQUEST, false, 100))
        .hasToString("its limit of 100 requests in hand is reached");
    assertThat(new Full(Use.PENDING_REQUEST, true, 5))
        .hasToString(
            "its limit of 5 requests waiting for a connection for each client pod is reached");
  }

  @Test
  void nothingIsCountedWhereNothingIsLimited() {
    place(Use.CONNECTION, BackendSettings.DEFAULT, "a").close();
    Place open = place(Use.CONNECTION, BackendSettings.DEFAULT, "a");

    assertThat(limits.held(Use.CONNECTION)).isZero();
    open.close();
    open.close();
    assertThat(limits.held(Use.CONNECTION)).isZero();
  }

  @Test
  void aLimitMayBeChangedWhilePlacesAreTaken() {
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      places.add(place(Use.CONNECTION, settings(10, NONE), "a"));
    }
    BackendSettings five = settings(5, NONE);
    for (int i = 0; i < 5; i++) {
      assertThat(limits.acquire(Use.CONNECTION, five, "a")).isInstanceOf(Full.class);
      places.get(i).close();
    }
    assertThat(limits.acquire(Use.CONNECTION, five, "a")).isInstanceOf(Full.class);
    places.get(5).close();

    place(Use.CONNECTION, five, "a");
  }

  @Test
  void aPodThatIsGoneIsForgottenAndItsPlacesStayValid() {
    BackendSettings settings = settings(10, 1);
    Place old = place(Use.CONNECTION, settings, "a");

    limits.retainClients(Set.of("b"));

    place(Use.CONNECTION, settings, "a");
    old.close();
    assertThat(limits.held(Use.CONNECTION)).isEqualTo(1);
    assertThat(limits.acquire(Use.CONNECTION, settings, "a")).isInstanceOf(Full.class);
  }

  @Test
  void admitsNoMoreThanItsLimitFromManyThreads() throws Exception {
    BackendSettings settings = settings(3, 2);
    var inside = new AtomicInteger();
    var worst = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      String pod = "pod" + t % 2;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 20_000; i++) {
                  if (limits.acquire(Use.CONNECTION, settings, pod) instanceof Place place) {
                    worst.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    inside.decrementAndGet();
                    place.close();
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(worst.get()).isBetween(1, 3);
    assertThat(limits.held(Use.CONNECTION)).isZero();
  }

  private Place place(Use use, BackendSettings settings, String pod) {
    Admission admission = limits.acquire(use, settings, pod);
    assertThat(admission).isInstanceOf(Place.class);
    return (Place) admission;
  }

  private static BackendSettings settings(int all, int perClient) {
    return new BackendSettings(
        Duration.ofSeconds(1),
        Duration.ZERO,
        LoadBalancing.PEAK_EWMA,
        Optional.empty(),
        new TrafficLimits(all, all, all),
        new TrafficLimits(perClient, perClient, perClient));
  }
}
