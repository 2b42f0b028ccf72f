package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.fixtures.ManualControlThread;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    directory.replace(1, List.of());
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.isKnown()).isTrue();
  }

  @Test
  void findsAPodByEachOfItsAddresses() {
    WorkloadEntry pod = captured("a", ONE, SIX);
    directory.replace(1, List.of(pod));

    assertThat(directory.byAddress(ONE)).isEqualTo(pod);
    assertThat(directory.byAddress(SIX)).isEqualTo(pod);
    assertThat(directory.byPodUid("a")).isEqualTo(pod);
    assertThat(directory.byAddress(TWO)).isNull();
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(directory.size()).isEqualTo(1);
  }

  @Test
  void findsAMappedAddress() throws Exception {
    directory.replace(1, List.of(captured("a", ONE)));
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(ONE.getAddress(), 0, mapped, 12, 4);

    assertThat(directory.stateOf(InetAddress.getByAddress(mapped)))
        .isEqualTo(WorkloadState.CAPTURED);
  }

  @Test
  void aFullStateTakesEverythingElseAway() {
    directory.replace(1, List.of(captured("a", ONE), captured("b", TWO)));
    heard.clear();
    directory.replace(2, List.of(captured("b", TWO)));

    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.stateOf(TWO)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(heard).containsExactly("10.0.0.1 aCAPTURED -");
  }

  @Test
  void aDifferenceChangesWhatItNames() {
    directory.replace(1, List.of(expected("a", ONE), captured("b", TWO)));
    heard.clear();
    directory.apply(2, List.of(captured("a", ONE)), List.of("b", "never seen"));

    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(directory.stateOf(TWO)).isEqualTo(WorkloadState.OUTSIDE);
    assertThat(directory.version()).isEqualTo(2);
    assertThat(heard).containsExactly("10.0.0.1 aEXPECTED aCAPTURED", "10.0.0.2 bCAPTURED -");
  }

  @Test
  void saysNothingOfWhatStaysAsItWas() {
    directory.replace(1, List.of(captured("a", ONE)));
    heard.clear();
    directory.apply(2, List.of(captured("a", ONE)), List.of());

    assertThat(heard).isEmpty();
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
  }

  @Test
  void anAddressGoesFromPodToPod() {
    directory.replace(1, List.of(captured("a", ONE)));
    heard.clear();
    directory.apply(2, List.of(expected("b", ONE)), List.of("a"));

    assertThat(directory.byAddress(ONE).podUid()).isEqualTo("b");
    assertThat(heard).containsExactly("10.0.0.1 aCAPTURED bEXPECTED");
    directory.apply(3, List.of(), List.of("b"));
    assertThat(directory.byAddress(ONE)).isNull();
  }

  @Test
  void aPodThatGoesDoesNotTakeAnAddressThatIsAnothersNow() {
    directory.replace(1, List.of(captured("a", ONE)));
    directory.apply(2, List.of(captured("b", ONE)), List.of());
    directory.apply(3, List.of(), List.of("a"));

    assertThat(directory.byAddress(ONE).podUid()).isEqualTo("b");
  }

  @Test
  void aPodMayChangeItsAddresses() {
    directory.replace(1, List.of(captured("a", ONE, SIX)));
    directory.apply(2, List.of(captured("a", TWO, SIX)), List.of());

    assertThat(directory.byAddress(ONE)).isNull();
    assertThat(directory.byAddress(TWO).podUid()).isEqualTo("a");
    assertThat(directory.byAddress(SIX).podUid()).isEqualTo("a");
  }

  @Test
  void knowsHowOldItIs() {
    directory.replace(1, List.of());
    control.advance(Duration.ofMinutes(5));
    assertThat(directory.updated()).isEqualTo(control.instant().minus(Duration.ofMinutes(5)));
    directory.apply(2, List.of(), List.of());
    assertThat(directory.updated()).isEqualTo(control.instant());
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
        List.of(addresses));
  }
}
