package io.weftmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.ServiceLimits.Full;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ConnectionPlacesTest {
  private final ServiceLimits limits = new ServiceLimits();
  private final ConnectionPlaces places = limits.connections();
  private final List<String> granted = new ArrayList<>();
  private final List<Place> held = new ArrayList<>();

  /** How many unused connections are in use again by the time they are asked for. */
  private int takenAgain;

  @Test
  void aPlaceThatIsGivenBackGoesToWhoWaits() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    Place first = pool.takes(one);
    pool.waits(one);
    assertThat(granted).isEmpty();
    assertThat(places.waiting()).isEqualTo(1);

    first.close();

    assertThat(granted).containsExactly("a");
    assertThat(places.waiting()).isZero();
    assertThat(limits.held(Use.CONNECTION)).isEqualTo(1);
  }

  @Test
  void podsTakeTurnsHoweverManyOfOneWait() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool greedy = new Pool("greedy");
    Pool modest = new Pool("modest");
    held.add(greedy.takes(one));
    for (int i = 0; i < 3; i++) {
      greedy.waits(one);
    }
    modest.waits(one);
    for (int i = 0; i < 4; i++) {
      held.removeFirst().close();
    }

    assertThat(granted).containsExactly("greedy", "modest", "greedy", "greedy");
  }

  @Test
  void whoComesLaterDoesNotGoBeforeWhoWaits() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    Place first = pool.takes(one);
    pool.waits(one);
    // As it would be at the moment when a place is free and its grant has not been made.
    assertThat(new Pool("b").share.acquire(one)).isEqualTo(new Full(Use.CONNECTION, false, 1));
    first.close();
  }

  @Test
  void aPodAtItsOwnLimitHoldsNobodyElseUp() {
    BackendSettings settings = settings(10, 1);
    Pool greedy = new Pool("greedy");
    Pool modest = new Pool("modest");
    greedy.takes(settings);
    greedy.waits(settings);

    Place others = modest.takes(settings);
    assertThat(modest.share.isWanted()).describedAs("of what use it would be").isFalse();
    others.close();
    assertThat(granted).isEmpty();
    assertThat(greedy.share.isWanted()).isTrue();
  }

  @Test
  void anUnusedConnectionIsAskedForWhereverItLies() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool rich = new Pool("rich");
    Pool poor = new Pool("poor");
    rich.keepsUnused(rich.takes(one));

    poor.waits(one);

    assertThat(granted).containsExactly("poor");
    assertThat(rich.unused).isEmpty();
  }

  @Test
  void aConnectionThatIsPutAwayWhileSomebodyBeginsToWaitIsAskedFor() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool rich = new Pool("rich");
    Place place = rich.takes(one);
    assertThat(rich.share.isWanted()).isFalse();
    new Pool("poor").waits(one);
    assertThat(granted).isEmpty();

    rich.keepsUnused(place);

    assertThat(granted).containsExactly("poor");
    assertThat(rich.unused).isEmpty();
  }

  @Test
  void whereTheUnusedConnectionWasTakenAgainTheNextPoolIsAsked() {
    BackendSettings two = settings(2, TrafficLimits.UNLIMITED);
    Pool first = new Pool("first");
    Pool second = new Pool("second");
    Place ofFirst = first.takes(two);
    second.keepsUnused(second.takes(two));
    first.keepsUnused(ofFirst);
    takenAgain = 1;

    new Pool("poor").waits(two);

    assertThat(takenAgain).isZero();
    assertThat(granted).containsExactly("poor");
    assertThat(first.unused.size() + second.unused.size()).isZero();
    assertThat(limits.held(Use.CONNECTION)).isEqualTo(2);
  }

  @Test
  void aPoolThatHasNothingToGiveUpIsNotAskedAgain() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    pool.keepsUnused(pool.takes(one));
    takenAgain = 1;

    new Pool("poor").waits(one);

    assertThat(granted).isEmpty();
    assertThat(places.waiting()).isEqualTo(1);
    held.removeFirst().close();
    assertThat(granted).containsExactly("poor");
  }

  @Test
  void ofAPodAtItsOwnLimitOnlyItsOwnUnusedConnectionsHelp() {
    BackendSettings settings = settings(10, 1);
    Pool others = new Pool("others");
    others.keepsUnused(others.takes(settings));
    Pool first = new Pool("pod");
    Pool second = new Pool("pod");
    first.keepsUnused(first.takes(settings));

    second.waits(settings);

    assertThat(granted).containsExactly("pod");
    assertThat(others.unused).hasSize(1);
    assertThat(first.unused).isEmpty();
  }

  @Test
  void aLimitThatIsRaisedIsInForceForWhoWaits() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    BackendSettings two = settings(2, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    held.add(pool.takes(one));
    pool.waits(one);

    assertThat(new Pool("b").share.acquire(two)).isEqualTo(new Full(Use.CONNECTION, false, 2));
    assertThat(granted).containsExactly("a");
  }

  @Test
  void whereALimitWasLoweredAsManyUnusedConnectionsAreClosedAsAreInTheWay() {
    BackendSettings ten = settings(10, TrafficLimits.UNLIMITED);
    Pool rich = new Pool("rich");
    for (int i = 0; i < 10; i++) {
      rich.keepsUnused(rich.takes(ten));
    }

    new Pool("poor").waits(settings(2, TrafficLimits.UNLIMITED));

    assertThat(granted).containsExactly("poor");
    assertThat(rich.unused).hasSize(1);
  }

  @Test
  void oneOfSomeThatComeFreeGoesToWhoWaitsElsewhere() {
    Pool pool = new Pool("a");
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Place place = pool.takes(one);
    new Pool("b").waits(one);
    for (int i = 0; i < ConnectionPlaces.MOST_OVERTAKEN; i++) {
      assertThat(pool.share.mayOvertake()).isTrue();
    }
    assertThat(pool.share.mayOvertake()).isFalse();

    place.close();
    assertThat(granted).containsExactly("b");
    assertThat(pool.share.mayOvertake()).describedAs("from the start").isTrue();
  }

  @Test
  void whoLeavesTheQueueIsPassedOver() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    Place first = pool.takes(one);
    ConnectionPlaces.Ticket left = pool.waits(one);
    new Pool("b").waits(one);
    left.cancel();
    left.cancel();
    assertThat(places.waiting()).isEqualTo(1);

    first.close();
    assertThat(granted).containsExactly("b");
  }

  @Test
  void aClosedPoolIsNotAskedForAnything() {
    BackendSettings one = settings(1, TrafficLimits.UNLIMITED);
    Pool pool = new Pool("a");
    pool.keepsUnused(pool.takes(one));
    pool.share.close();

    new Pool("b").waits(one);

    assertThat(pool.unused).hasSize(1);
    assertThat(granted).isEmpty();
  }

  @Test
  void whoIsRefusedWakesWhomItsAttemptMayHaveKeptAsleep() {
    BackendSettings settings = settings(3, 1);
    Pool pool = new Pool("a");
    held.add(pool.takes(settings));
    pool.waits(settings);
    held.add(new Pool("b").takes(settings));
    // As it would be if the place was given back while somebody else's attempt was counted.
    limits.retainClients(Set.of("b"));
    assertThat(granted).isEmpty();

    assertThat(limits.acquire(Use.CONNECTION, settings, "b"))
        .isEqualTo(new Full(Use.CONNECTION, true, 1));
    assertThat(granted).containsExactly("a");
  }

  @Test
  void manyThreadsThatTakeWaitAndGiveBackAllGetTheirTurn() {
    manyThreads(settings(2, TrafficLimits.UNLIMITED));
  }

  @Test
  void whoTakesWithoutWaitingKeepsNobodyAsleep() throws InterruptedException {
    BackendSettings settings = settings(2, 1);
    Thread impatient =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 0; i < 20_000; i++) {
                if (limits.acquire(Use.CONNECTION, settings, "pod0") instanceof Place place) {
                  place.close();
                }
              }
            });
    manyThreads(settings);
    impatient.join();
  }

  /** Four of them, of two client pods. */
  private void manyThreads(BackendSettings two) {
    int rounds = 2_000;
    var done = new AtomicInteger();
    var inside = new AtomicInteger();
    var worst = new AtomicInteger();
    List<ExecutorService> loops = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      ExecutorService loop = Executors.newSingleThreadExecutor();
      loops.add(loop);
      ConnectionPlaces.Share share = places.share("pod" + t % 2, loop, () -> false);
      ConnectionPlaces.Waiter use =
          place -> {
            worst.accumulateAndGet(inside.incrementAndGet(), Math::max);
            inside.decrementAndGet();
            place.close();
            done.incrementAndGet();
          };
      for (int i = 0; i < rounds; i++) {
        loop.execute(() -> {
          switch (share.acquire(two)) {
            case Place place -> use.granted(place);
            case Full full -> share.await(two, use);
          }
        });
      }
    }
    await().untilAsserted(() -> assertThat(done.get()).isEqualTo(4 * rounds));
    loops.forEach(ExecutorService::shutdown);

    assertThat(worst.get()).isBetween(1, 2);
    assertThat(places.waiting()).isZero();
    assertThat(limits.held(Use.CONNECTION)).isZero();
  }

  /** A pool on the test's own thread. */
  private final class Pool {
    private final String pod;
    private final List<Place> unused = new ArrayList<>();
    private final ConnectionPlaces.Share share;

    Pool(String pod) {
      this.pod = pod;
      this.share = places.share(pod, Runnable::run, this::yieldOne);
    }

    Place takes(BackendSettings settings) {
      ServiceLimits.Admission admission = share.acquire(settings);
      assertThat(admission).isInstanceOf(Place.class);
      return (Place) admission;
    }

    ConnectionPlaces.Ticket waits(BackendSettings settings) {
      return share.await(
          settings,
          place -> {
            granted.add(pod);
            held.add(place);
          });
    }

    void keepsUnused(Place place) {
      unused.add(place);
      share.idle(1);
    }

    private boolean yieldOne() {
      if (takenAgain > 0) {
        takenAgain--;
        share.idle(-1);
        held.add(unused.removeFirst());
      }
      if (unused.isEmpty()) {
        return false;
      }
      share.idle(-1);
      unused.removeFirst().close();
      return true;
    }
  }

  private static BackendSettings settings(int all, int perClient) {
    return new BackendSettings(
        Duration.ofSeconds(1),
        Duration.ZERO,
        LoadBalancing.PEAK_EWMA,
        Optional.empty(),
        new TrafficLimits(all, TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED),
        new TrafficLimits(perClient, TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED));
  }
}
