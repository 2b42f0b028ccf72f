package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.ManualControlThread;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class WorkloadDirectoryTest {
  private static final InetAddress ONE = InetAddress.ofLiteral("10.0.0.1");
  private static final InetAddress TWO = InetAddress.ofLiteral("10.0.0.2");
  private static final InetAddress SIX = InetAddress.ofLiteral("fd00::1");

  private final ManualControlThread control = new ManualControlThread();
  private final WorkloadDirectory directory = new WorkloadDirectory(control);
  private final List<String> heard = new ArrayList<>();

  @BeforeEach
  void listen() {
    directory.onChange((address, before, after) ->
        heard.add(
            address.getHostAddress()
                + " "
                + (before == null ? "-" : before.podUid() + before.state())
                + " "
                + (after == null ? "-" : after.podUid() + after.state())));
  }

  @Test
  void knowsNothingBeforeTheFirstFullState() {
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.UNKNOWN);
    assertThat(directory.isKnown()).isFalse();
    assertThat(directory.version()).isZero();

    replace(1, List.of());
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.isKnown()).isTrue();
  }

  @Test
  void findsAPodByEachOfItsAddresses() {
    WorkloadEntry pod = captured("a", ONE, SIX);
    replace(1, List.of(pod));

    assertThat(directory.byAddress(ONE)).isEqualTo(pod);
    assertThat(directory.byAddress(SIX)).isEqualTo(pod);
    assertThat(directory.byPodUid("a")).isEqualTo(pod);
    assertThat(directory.byAddress(TWO)).isNull();
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(directory.size()).isEqualTo(1);
  }

  @Test
  void findsAMappedAddress() throws Exception {
    replace(1, List.of(captured("a", ONE)));
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(ONE.getAddress(), 0, mapped, 12, 4);

    assertThat(directory.stateOf(InetAddress.getByAddress(mapped)))
        .isEqualTo(WorkloadState.CAPTURED);
  }

  @Test
  void aFullStateTakesEverythingElseAway() {
    replace(1, List.of(captured("a", ONE), captured("b", TWO)));
    heard.clear();
    replace(2, List.of(captured("b", TWO)));

    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.stateOf(TWO)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(heard).containsExactly("10.0.0.1 aCAPTURED -");
  }

  @Test
  void aDifferenceChangesWhatItNames() {
    replace(1, List.of(expected("a", ONE), captured("b", TWO)));
    heard.clear();
    apply(2, List.of(captured("a", ONE)), List.of("b", "never seen"));

    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(directory.stateOf(TWO)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.version()).isEqualTo(2);
    assertThat(heard).containsExactly("10.0.0.1 aEXPECTED aCAPTURED", "10.0.0.2 bCAPTURED -");
  }

  @Test
  void saysNothingOfWhatStaysAsItWas() {
    replace(1, List.of(captured("a", ONE)));
    heard.clear();
    apply(2, List.of(captured("a", ONE)), List.of());

    assertThat(heard).isEmpty();
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
  }

  @Test
  void anAddressGoesFromPodToPod() {
    replace(1, List.of(captured("a", ONE)));
    heard.clear();
    apply(2, List.of(expected("b", ONE)), List.of("a"));

    assertThat(directory.byAddress(ONE).podUid()).isEqualTo("b");
    assertThat(heard).containsExactly("10.0.0.1 aCAPTURED bEXPECTED");
    apply(3, List.of(), List.of("b"));
    assertThat(directory.byAddress(ONE)).isNull();
  }

  @Test
  void aPodThatGoesDoesNotTakeAnAddressThatIsAnothersNow() {
    replace(1, List.of(captured("a", ONE)));
    apply(2, List.of(captured("b", ONE)), List.of());
    apply(3, List.of(), List.of("a"));

    assertThat(directory.byAddress(ONE).podUid()).isEqualTo("b");
  }

  @Test
  void aPodMayChangeItsAddresses() {
    replace(1, List.of(captured("a", ONE, SIX)));
    apply(2, List.of(captured("a", TWO, SIX)), List.of());

    assertThat(directory.byAddress(ONE)).isNull();
    assertThat(directory.byAddress(TWO).podUid()).isEqualTo("a");
    assertThat(directory.byAddress(SIX).podUid()).isEqualTo("a");
  }

  @Test
  void knowsHowOldItIs() {
    replace(1, List.of());
    control.advance(Duration.ofMinutes(5));
    assertThat(directory.updated()).isEqualTo(control.instant().minus(Duration.ofMinutes(5)));
    apply(2, List.of(), List.of());
    assertThat(directory.updated()).isEqualTo(control.instant());
  }

  @Test
  void tellsPodsThatHaveEndedFromThoseThatLeft() {
    replace(1, List.of(captured("a", ONE), captured("b", TWO)));
    directory.apply(2, List.of(), List.of("a", "b", "c"), List.of("a", "c"));
    assertThat(directory.byAddress(ONE)).isNull();
    assertThat(directory.hasEnded("a")).isTrue();
    assertThat(directory.hasEnded("b")).isFalse();
    assertThat(directory.hasEnded("c")).isTrue();

    apply(3, List.of(captured("a", ONE)), List.of("c"));
    assertThat(directory.hasEnded("a")).isFalse();
    assertThat(directory.hasEnded("c")).isFalse();
  }

  @Test
  void saysThatAPodHasEndedBeforeItsAddressIsWithoutOwner() {
    replace(1, List.of(captured("a", ONE)));
    directory.onChange((address, before, after) ->
        heard.add(after == null && directory.hasEnded("a") ? "ended" : "?"));
    heard.clear();
    directory.apply(2, List.of(), List.of("a"), List.of("a"));

    assertThat(heard).containsExactly("10.0.0.1 aCAPTURED -", "ended");
  }

  @Test
  void aCapturedPodThatAFullStateLacksHasEndedUnlessTheCaKnowsBetter() {
    replace(1, List.of(captured("a", ONE), captured("b", TWO), expected("c", SIX)));
    directory.replace(2, List.of(), List.of("b", "e", "f"), List.of("f"));

    assertThat(directory.size()).isZero();
    assertThat(directory.hasEnded("a")).isTrue();
    assertThat(directory.hasEnded("b")).isFalse();
    assertThat(directory.hasEnded("c")).isFalse();
    assertThat(directory.hasEnded("e")).isFalse();
    assertThat(directory.hasEnded("f")).isTrue();
    replace(3, List.of(captured("a", ONE)));
    assertThat(directory.hasEnded("a")).isFalse();
    assertThat(directory.hasEnded("f")).isTrue();
  }

  @Test
  void aPodThatCameOrWentDuringAFullStateIsThereUntilTheDifferenceComes() {
    directory.replace(1, List.of(captured("a", ONE)), List.of("a"), List.of("a"));

    assertThat(directory.byAddress(ONE).podUid()).isEqualTo("a");
    assertThat(directory.hasEnded("a")).isFalse();
  }

  @Test
  void remembersTheLastPodsThatEnded() {
    EndedPods ended = new EndedPods(2);
    ended.add("a");
    ended.add("b");
    ended.add("a");
    ended.add("c");
    assertThat(ended.contains("a")).isTrue();
    assertThat(ended.contains("b")).isFalse();
    ended.remove("a");
    ended.remove("b");
    ended.add("d");
    assertThat(ended.contains("c")).isTrue();
    assertThat(ended.contains("d")).isTrue();
  }

  private void replace(long version, List<WorkloadEntry> entries) {
    directory.replace(version, entries, List.of(), List.of());
  }

  private void apply(long version, List<WorkloadEntry> changed, List<String> removed) {
    directory.apply(version, changed, removed, List.of());
  }

  @Test
  void tellsTheLabelsOfPodsByUidAndOfNamelessEndpointsByAddress() {
    directory.replace(1, List.of(labelled("a", "v1", ONE)), List.of(), List.of());

    assertThat(directory.of("a", ONE)).isEqualTo(Map.of("version", "v1"));
    assertThat(directory.of(null, ONE)).isEqualTo(Map.of("version", "v1"));
    assertThat(directory.of("b", ONE)).as("an endpoint of another pod").isNull();
    assertThat(directory.of(null, TWO)).isNull();
  }

  @Test
  void saysWhenLabelsHaveChangedAndOnlyThen() {
    AtomicInteger changes = new AtomicInteger();
    directory.onLabels(changes::incrementAndGet);
    directory.replace(1, List.of(captured("a", ONE)), List.of(), List.of());
    assertThat(changes).hasValue(0);
    directory.apply(2, List.of(labelled("a", "v1", ONE)), List.of(), List.of());
    assertThat(changes).hasValue(1);
    directory.apply(3, List.of(labelled("a", "v1", ONE)), List.of(), List.of());
    assertThat(changes).hasValue(1);
    directory.apply(4, List.of(labelled("a", "v2", ONE)), List.of(), List.of());
    assertThat(changes).hasValue(2);
    assertThat(directory.of("a", ONE)).isEqualTo(Map.of("version", "v2"));
    directory.apply(5, List.of(), List.of("a"), List.of());
    assertThat(changes).hasValue(3);
    assertThat(directory.of("a", ONE)).isNull();
  }

  @Test
  void aWholeStateTakesTheLabelsOfThoseThatAreNotInIt() {
    AtomicInteger changes = new AtomicInteger();
    directory.replace(1, List.of(labelled("a", "v1", ONE)), List.of(), List.of());
    directory.onLabels(changes::incrementAndGet);

    directory.replace(2, List.of(captured("b", TWO)), List.of(), List.of());

    assertThat(changes).hasValue(1);
    assertThat(directory.of("a", ONE)).isNull();
  }

  private static WorkloadEntry labelled(String uid, String version, InetAddress address) {
    return new WorkloadEntry(
        uid,
        "shop",
        "pod-" + uid,
        "cart",
        "node-1",
        SpiffeId.workload("cluster.local", "shop", "cart"),
        WorkloadState.CAPTURED,
        List.of(address),
        Map.of("version", version));
  }

  private static WorkloadEntry captured(String uid, InetAddress... addresses) {
    return entry(uid, WorkloadState.CAPTURED, addresses);
  }

  private static WorkloadEntry expected(String uid, InetAddress... addresses) {
    return entry(uid, WorkloadState.EXPECTED, addresses);
  }

  private static WorkloadEntry entry(String uid, WorkloadState state, InetAddress... addresses) {
    return new WorkloadEntry(
        uid,
        "shop",
        "pod-" + uid,
        "cart",
        "node-1",
        SpiffeId.workload("cluster.local", "shop", "cart"),
        state,
        List.of(addresses),
        Map.of());
  }
}
