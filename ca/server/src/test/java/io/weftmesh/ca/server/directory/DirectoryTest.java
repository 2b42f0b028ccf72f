package io.weftmesh.ca.server.directory;

import static io.weftmesh.ca.v1.WorkloadState.CAPTURED;
import static io.weftmesh.ca.v1.WorkloadState.EXPECTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.client.CollectorRegistry;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.server.TestClock;
import io.weftmesh.ca.server.node.NodeCaller;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.pods.Pod;
import io.weftmesh.ca.server.pods.TestPods;
import io.weftmesh.ca.server.signing.SelfSignedRoot;
import io.weftmesh.ca.server.store.MemoryMap;
import io.weftmesh.ca.server.telemetry.DirectoryMetrics;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.Open;
import io.weftmesh.ca.v1.WorkloadState;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The directory and its sessions, with everything on the test's own thread. */
class DirectoryTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final NodeCaller NODE_A = new NodeCaller("node-a", "proxy-node-a");
  private static final NodeCaller NODE_B = new NodeCaller("node-b", "proxy-node-b");

  private final TestPods pods = new TestPods();
  private final MemoryMap captured = new MemoryMap();
  private final CollectorRegistry registry = new CollectorRegistry();
  private final List<Runnable> timers = new ArrayList<>();
  private TrustBundle bundle;
  private Directory directory;

  @BeforeEach
  void twoNodes() throws Exception {
    pods.addProxy("node-a").addProxy("node-b");
    pods.add("web-1", "web", "node-a", "10.0.0.1").add("echo-1", "echo", "node-b", "10.0.0.2");
    bundle = bundle(1);
    directory =
        new Directory(
            "cluster.local",
            captured,
            caller -> {
              Pod pod = pods.current().byUid(caller.podUid());
              return pod != null && pod.livesOn(caller.node());
            },
            () -> bundle,
            new TestClock(NOW),
            (delay, task) -> {
              assertThat(delay).isEqualTo(Duration.ofSeconds(2));
              timers.add(task);
            },
            Runnable::run,
            new DirectoryMetrics(registry));
    podsChanged();
  }

  private static TrustBundle bundle(long version) throws GeneralSecurityException {
    return new TrustBundle(
        "cluster.local",
        version,
        List.of(SelfSignedRoot.create("cluster.local", Duration.ofDays(1), NOW).root()));
  }

  private void podsChanged() {
    assertThat(directory.pods(pods.current())).isCompleted();
  }

  /** A node that takes as many messages as it has room for. */
  private final class Reader implements Outlet {
    private final Map<String, WorkloadState> states = new TreeMap<>();
    private final List<DirectoryUpdate> updates = new ArrayList<>();
    private final List<Long> bundles = new ArrayList<>();
    private final WatchSession session;
    private int room;
    private String end = "";

    Reader(NodeCaller caller, String process, long epoch, long version, int room)
        throws RefusedException {
      this.room = room;
      session =
          directory.open(
              caller,
              Open.newBuilder().setProcess(process).setEpoch(epoch).setVersion(version).build(),
              this);
      session.pump();
    }

    Reader(NodeCaller caller) throws RefusedException {
      this(caller, "p1", 0, 0, Integer.MAX_VALUE);
    }

    void takeMore(int messages) {
      room += messages;
      session.pump();
    }

    void acknowledge() {
      session.acknowledge(last().getVersion(), bundles.getLast());
    }

    DirectoryUpdate last() {
      return updates.getLast();
    }

    @Override
    public boolean isReady() {
      return room > 0;
    }

    @Override
    public void send(DirectoryMessage message) {
      assertThat(room--).isPositive();
      if (message.hasBundle()) {
        bundles.add(message.getBundle().getVersion());
        return;
      }
      DirectoryUpdate update = message.getUpdate();
      updates.add(update);
      if (update.getFull()) {
        states.clear();
      }
      update
          .getWorkloadsList()
          .forEach(workload -> states.put(workload.getPodUid(), workload.getState()));
      update.getRemovedPodUidsList().forEach(states::remove);
    }

    @Override
    public void refuse() {
      end = "refused";
    }

    @Override
    public void replaced() {
      end = "replaced";
    }
  }

  @Test
  void tellsTheBundleFirstThenTheFullStateThenDeltas() throws Exception {
    Reader reader = new Reader(NODE_A);
    assertThat(reader.bundles).containsExactly(1L);
    assertThat(reader.states).isEqualTo(Map.of("web-1", EXPECTED, "echo-1", EXPECTED));
    assertThat(reader.updates).hasSize(1);
    assertThat(reader.last().getFull()).isTrue();
    assertThat(reader.last().getLast()).isTrue();

    directory.captured(NODE_B, "echo-1", () -> {});
    assertThat(reader.last().getFull()).isFalse();
    assertThat(reader.last().getWorkloadsCount()).isEqualTo(1);
    assertThat(reader.states).containsEntry("echo-1", CAPTURED);

    bundle = bundle(2);
    directory.tellAll();
    assertThat(reader.bundles).containsExactly(1L, 2L);
  }

  @Test
  void tellsAnEmptyStateToo() throws Exception {
    pods.remove("web-1").remove("echo-1");
    podsChanged();
    Reader reader = new Reader(NODE_A);

    assertThat(reader.last().getFull()).isTrue();
    assertThat(reader.last().getLast()).isTrue();
    assertThat(reader.last().getVersion()).isPositive();
  }

  @Test
  void resumesWhereAReaderWas() throws Exception {
    Reader before = new Reader(NODE_A);
    long epoch = before.last().getEpoch();
    long version = before.last().getVersion();
    directory.closed(before.session);
    directory.captured(NODE_B, "echo-1", () -> {});
    pods.remove("web-1");
    podsChanged();

    Reader after = new Reader(NODE_A, "p1", epoch, version, Integer.MAX_VALUE);
    assertThat(after.updates).hasSize(1);
    assertThat(after.last().getFull()).isFalse();
    assertThat(after.states).isEqualTo(Map.of("echo-1", CAPTURED));
    assertThat(after.last().getRemovedPodUidsList()).containsExactly("web-1");
    assertThat(after.last().getEndedPodUidsList()).containsExactly("web-1");
  }

  @Test
  void tellsAReaderThatKnowsNothingWhoLeftToo() throws Exception {
    pods.optIn("web-1", false).remove("echo-1");
    podsChanged();
    Reader reader = new Reader(NODE_A);

    assertThat(reader.last().getFull()).isTrue();
    assertThat(reader.last().getRemovedPodUidsList()).containsExactlyInAnyOrder("web-1", "echo-1");
    assertThat(reader.last().getEndedPodUidsList()).containsExactly("echo-1");
  }

  @Test
  void tellsAReaderOfAnotherEpochEverything() throws Exception {
    Reader reader = new Reader(NODE_A, "p1", 42, 3, Integer.MAX_VALUE);

    assertThat(reader.last().getFull()).isTrue();
    assertThat(reader.last().getEpoch()).isNotEqualTo(42).isNotZero();
  }

  @Test
  void sendsALargeStateInPartsOfOneVersion() throws Exception {
    for (int i = 0; i < 1000; i++) {
      pods.add("pod-" + i, "web", "node-a", "10.1." + i / 250 + "." + i % 250);
    }
    podsChanged();
    Reader reader = new Reader(NODE_A);

    assertThat(reader.updates).hasSize(1 + 1002 / WatchSession.PART);
    assertThat(reader.updates)
        .extracting(DirectoryUpdate::getVersion)
        .containsOnly(reader.last().getVersion());
    assertThat(reader.updates.stream().filter(DirectoryUpdate::getFull)).hasSize(1);
    assertThat(reader.updates.stream().filter(DirectoryUpdate::getLast)).hasSize(1);
    assertThat(reader.states).hasSize(1002);
  }

  @Test
  void whatChangesDuringAFullStateIsNeverMissing() throws Exception {
    for (int i = 0; i < 3 * WatchSession.PART; i++) {
      pods.add("pod-" + i, "web", "node-b", "10.1." + i / 250 + "." + i % 250);
    }
    podsChanged();
    Reader reader = new Reader(NODE_A, "p1", 0, 0, 2);
    directory.captured(NODE_B, "pod-599", () -> {});
    pods.remove("pod-0").add("new", "web", "node-b", "10.9.0.1");
    podsChanged();
    while (!reader.last().getLast()) {
      reader.takeMore(1);
    }
    assertThat(reader.states).containsEntry("pod-599", CAPTURED).containsKey("new");

    reader.takeMore(10);
    assertThat(reader.states).doesNotContainKey("pod-0").hasSize(3 * WatchSession.PART + 2);
  }

  @Test
  void aFrozenReaderCostsNothingAndSkipsWhatWasOverwritten() throws Exception {
    Reader reader = new Reader(NODE_A, "p1", 0, 0, 2);
    for (int i = 0; i < 500; i++) {
      pods.optIn("web-1", i % 2 == 0);
      podsChanged();
    }
    assertThat(reader.updates).hasSize(1);
    reader.takeMore(10);
    assertThat(reader.updates).hasSize(2);
    assertThat(reader.last().getRemovedPodUidsList()).containsExactly("web-1");
    assertThat(reader.last().getEndedPodUidsList()).isEmpty();
  }

  @Test
  void aReaderThatMissedTooManyRemovalsIsToldEverything() throws Exception {
    Reader reader = new Reader(NODE_A, "p1", 0, 0, 2);
    for (int i = 0; i < 11_000; i++) {
      pods.add("short-" + i, "web", "node-b");
    }
    podsChanged();
    for (int i = 0; i < 11_000; i++) {
      pods.remove("short-" + i);
    }
    podsChanged();
    reader.takeMore(1000);

    assertThat(reader.updates).filteredOn(DirectoryUpdate::getFull).hasSize(2);
    assertThat(reader.last().getLast()).isTrue();
    assertThat(reader.states).containsOnlyKeys("web-1", "echo-1");
    assertThat(reader.updates.stream().mapToInt(DirectoryUpdate::getEndedPodUidsCount).sum())
        .isEqualTo(10_000);
  }

  @Test
  void withdrawalWaitsForEveryConnectedProcess() throws Exception {
    Reader a1 = new Reader(NODE_A);
    Reader a2 = new Reader(NODE_A, "p2", 0, 0, Integer.MAX_VALUE);
    Reader b = new Reader(NODE_B);
    CompletableFuture<Boolean> withdrawn = directory.withdraw(NODE_B, "echo-1");
    assertThat(a1.states).doesNotContainKey("echo-1");

    a1.acknowledge();
    b.acknowledge();
    assertThat(withdrawn).isNotDone();
    a2.acknowledge();
    assertThat(withdrawn).isCompletedWithValue(true);
    assertThat(
            registry.getSampleValue(
                "weft_ca_withdrawals_total",
                new String[] {"acknowledged_by_all"},
                new String[] {"true"}))
        .isEqualTo(1);
  }

  @Test
  void withdrawalWaitsTwoSecondsForAFrozenNode() throws Exception {
    Reader a = new Reader(NODE_A, "p1", 0, 0, 2);
    CompletableFuture<Boolean> withdrawn = directory.withdraw(NODE_B, "echo-1");
    // It has not been sent the withdrawal yet: what it says cannot be of that.
    a.session.acknowledge(Long.MAX_VALUE, Long.MAX_VALUE);
    assertThat(withdrawn).isNotDone();
    assertThat(timers).hasSize(1);
    timers.getFirst().run();
    assertThat(withdrawn).isCompletedWithValue(false);
  }

  @Test
  void withdrawalDoesNotWaitForAStreamThatEnds() throws Exception {
    Reader a = new Reader(NODE_A);
    CompletableFuture<Boolean> withdrawn = directory.withdraw(NODE_B, "echo-1");
    directory.closed(a.session);
    assertThat(withdrawn).isCompletedWithValue(true);
  }

  @Test
  void withdrawalOfAnothersPodIsRefused() {
    assertThatThrownBy(() -> directory.withdraw(NODE_A, "echo-1").join())
        .hasCauseInstanceOf(RefusedException.class);
  }

  @Test
  void withdrawalThatIsNotDurableFails() {
    directory.captured(NODE_B, "echo-1", () -> {});
    captured.failing(true);
    assertThatThrownBy(() -> directory.withdraw(NODE_B, "echo-1").join())
        .hasCauseInstanceOf(IOException.class);
    assertThat(directory.trouble()).contains("no space left");

    captured.failing(false);
    podsChanged();
    assertThat(directory.trouble()).isNull();
  }

  @Test
  void countsReportsAndRefusesThoseOfOthers() throws Exception {
    Reader reader = new Reader(NODE_A);
    directory.captured(NODE_A, "echo-1", () -> {});
    assertThat(reader.states).containsEntry("echo-1", EXPECTED);
    assertThat(
            registry.getSampleValue(
                "weft_ca_capture_reports_total",
                new String[] {"outcome"},
                new String[] {"refused"}))
        .isEqualTo(1);
  }

  @Test
  void endsTheStreamOfAProxyWhosePodIsGone() throws Exception {
    Reader a = new Reader(NODE_A);
    Reader b = new Reader(NODE_B);
    pods.remove("proxy-node-a");
    podsChanged();

    assertThat(a.end).isEqualTo("refused");
    assertThat(b.end).isEmpty();
    directory.captured(NODE_A, "web-1", () -> {});
    assertThat(b.states).containsEntry("web-1", EXPECTED);
    assertThatThrownBy(() -> directory.withdraw(NODE_A, "web-1").join())
        .hasCauseInstanceOf(RefusedException.class);
  }

  @Test
  void aProcessThatComesAgainTakesThePlaceOfItsDeadStream() throws Exception {
    Reader dead = new Reader(NODE_A);
    Reader other = new Reader(NODE_A, "p2", 0, 0, Integer.MAX_VALUE);
    new Reader(NODE_A);

    assertThat(dead.end).isEqualTo("replaced");
    assertThat(other.end).isEmpty();
  }

  @Test
  void aNodeHasAFewStreamsAndNoMore() throws Exception {
    for (int i = 0; i < Sessions.MAX_PER_NODE; i++) {
      new Reader(NODE_A, "p" + i, 0, 0, 10);
    }
    assertThatThrownBy(() -> new Reader(NODE_A, "one more", 0, 0, 10))
        .isInstanceOf(RefusedException.class);
    new Reader(NODE_B);
  }

  @Test
  void knowsTheLowestBundleThatEachNodeVerifiesWith() throws Exception {
    Reader a1 = new Reader(NODE_A);
    Reader a2 = new Reader(NODE_A, "p2", 0, 0, Integer.MAX_VALUE);
    assertThat(directory.acknowledgedBundles()).isEqualTo(Map.of("node-a", 0L));
    a1.acknowledge();
    assertThat(directory.acknowledgedBundles()).isEqualTo(Map.of("node-a", 0L));
    a2.session.acknowledge(0, 99);
    assertThat(directory.acknowledgedBundles()).isEqualTo(Map.of("node-a", 1L));
  }

  @Test
  void labelsThatAreAskedForReachANodeAsADifference() throws Exception {
    Reader reader = new Reader(NODE_A);

    pods.ask("version").labels("web-1", Map.of("version", "v1"));
    podsChanged();

    assertThat(reader.last().getFull()).isFalse();
    assertThat(reader.last().getLabelKeys().getKeysList()).containsExactly("version");
    assertThat(reader.last().getWorkloadsList())
        .singleElement()
        .satisfies(workload -> assertThat(workload.getLabelsMap()).containsEntry("version", "v1"));
  }

  @Test
  void aFullStateTellsThatThereAreNoKeys() throws Exception {
    DirectoryUpdate full = new Reader(NODE_A).last();

    assertThat(full.getFull()).isTrue();
    assertThat(full.hasLabelKeys()).isTrue();
    assertThat(full.getLabelKeys().getKeysList()).isEmpty();
    assertThat(new Reader(NODE_A, "p2", full.getEpoch(), full.getVersion(), 100).updates).isEmpty();
  }

  @Test
  void aKeyThatNoPodHasIsToldAsWell() throws Exception {
    Reader reader = new Reader(NODE_A);

    pods.ask("version");
    podsChanged();

    assertThat(reader.last().getWorkloadsList()).isEmpty();
    assertThat(reader.last().getLabelKeys().getKeysList()).containsExactly("version");
  }

  @Test
  void aNodeThatComesLaterIsToldTheKeysWithTheFullState() throws Exception {
    pods.ask("version").labels("web-1", Map.of("version", "v1"));
    podsChanged();

    Reader reader = new Reader(NODE_A);

    assertThat(reader.last().getFull()).isTrue();
    assertThat(reader.last().getLabelKeys().getKeysList()).containsExactly("version");
  }

  @Test
  void aNodeThatResumesIsToldTheKeysOnlyIfTheyChanged() throws Exception {
    pods.ask("version");
    podsChanged();
    DirectoryUpdate known = new Reader(NODE_A).last();

    Reader same = new Reader(NODE_A, "p2", known.getEpoch(), known.getVersion(), 100);
    assertThat(same.updates).isEmpty();
    pods.ask("track");
    podsChanged();
    Reader changed = new Reader(NODE_A, "p3", known.getEpoch(), known.getVersion(), 100);

    assertThat(changed.last().getFull()).isFalse();
    assertThat(changed.last().getLabelKeys().getKeysList()).containsExactly("track");
  }
}
