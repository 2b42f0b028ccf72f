package io.weftmesh.ca.server.directory;

import static io.weftmesh.ca.v1.WorkloadState.CAPTURED;
import static io.weftmesh.ca.v1.WorkloadState.EXPECTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.ca.server.TestClock;
import io.weftmesh.ca.server.node.RefusedException;
import io.weftmesh.ca.server.pods.TestPods;
import io.weftmesh.ca.server.store.MemoryMap;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.ca.v1.WorkloadState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MembershipTest {
  private final TestClock clock = new TestClock(Instant.parse("2026-03-01T12:00:00Z"));
  private final MemoryMap captured = new MemoryMap();
  private final TestPods pods = new TestPods();
  private ChangeLog changes;
  private Membership membership;

  @BeforeEach
  void twoPods() throws Exception {
    pods.add("web-1", "web", "node-a", "10.0.0.1", "fd00::1");
    pods.add("echo-1", "echo", "node-b", "10.0.0.2");
    restart();
  }

  private void restart() throws IOException {
    changes = new ChangeLog(100);
    membership = new Membership("cluster.local", changes, captured, clock);
    podsChanged();
  }

  private void podsChanged() throws IOException {
    membership.pods(pods.current());
    membership.commit();
  }

  private CaptureOutcome report(String node, String uid) throws IOException {
    CaptureOutcome outcome = membership.captured(node, uid);
    membership.commit();
    return outcome;
  }

  private void withdraw(String node, String uid) throws IOException, RefusedException {
    membership.withdraw(node, uid);
    membership.commit();
  }

  private Map<String, Workload> workloads() {
    Map<String, Workload> workloads = new TreeMap<>();
    changes
        .since(0, 100_000)
        .workloads()
        .forEach(workload -> workloads.put(workload.getPodUid(), workload));
    return workloads;
  }

  private Map<String, WorkloadState> states() {
    Map<String, WorkloadState> states = new TreeMap<>();
    workloads().forEach((uid, workload) -> states.put(uid, workload.getState()));
    return states;
  }

  /** What has left, and whether it has ended. */
  private Map<String, Boolean> left() {
    ChangeLog.Part all = changes.since(0, 100_000);
    Map<String, Boolean> left = new TreeMap<>();
    all.removedPodUids().forEach(uid -> left.put(uid, all.endedPodUids().contains(uid)));
    return left;
  }

  private List<String> addresses(String uid) {
    return workloads().get(uid).getAddressesList().stream()
        .map(bytes -> {
          try {
            return InetAddress.getByAddress(bytes.toByteArray()).getHostAddress();
          } catch (UnknownHostException e) {
            throw new AssertionError(e);
          }
        })
        .toList();
  }

  @Test
  void optedInPodsAreExpectedWithEverythingThatPeersNeed() {
    assertThat(states()).isEqualTo(Map.of("web-1", EXPECTED, "echo-1", EXPECTED));
    Workload web = workloads().get("web-1");
    assertThat(web.getSpiffeId()).isEqualTo("spiffe://cluster.local/ns/shop/sa/web");
    assertThat(web.getNode()).isEqualTo("node-a");
    assertThat(web.getNamespace()).isEqualTo("shop");
    assertThat(web.getServiceAccount()).isEqualTo("web");
    assertThat(addresses("web-1")).containsExactly("10.0.0.1", "fd00:0:0:0:0:0:0:1");
  }

  @Test
  void podsOutsideTheMeshOrUnscheduledOrEndedAreNotInIt() throws Exception {
    pods.put(TestPods.pod("out", "default", "x", "node-a", false, "10.0.0.3"));
    pods.add("pending", "web", "", "10.0.0.4");
    pods.add("done", "web", "node-a", "10.0.0.5").end("done");
    podsChanged();

    assertThat(states()).containsOnlyKeys("web-1", "echo-1");
  }

  @Test
  void capturedSurvivesARestart() throws Exception {
    assertThat(report("node-a", "web-1")).isEqualTo(CaptureOutcome.ACCEPTED);
    assertThat(report("node-a", "web-1")).isEqualTo(CaptureOutcome.REPEATED);
    restart();

    assertThat(states()).isEqualTo(Map.of("web-1", CAPTURED, "echo-1", EXPECTED));
  }

  @Test
  void aNodeIsNotBelievedAboutPodsOfAnother() throws Exception {
    assertThat(report("node-b", "web-1")).isEqualTo(CaptureOutcome.REFUSED);
    assertThat(states()).containsEntry("web-1", EXPECTED);

    report("node-a", "web-1");
    assertThatThrownBy(() -> withdraw("node-b", "web-1")).isInstanceOf(RefusedException.class);
    assertThat(states()).containsEntry("web-1", CAPTURED);
  }

  @Test
  void aReportThatComesBeforeThePodIsRemembered() throws Exception {
    assertThat(report("node-a", "web-2")).isEqualTo(CaptureOutcome.EARLY);
    assertThat(report("node-b", "web-2")).isEqualTo(CaptureOutcome.EARLY);
    pods.add("web-2", "web", "node-a", "10.0.0.9");
    podsChanged();

    assertThat(states()).containsEntry("web-2", CAPTURED);
  }

  @Test
  void aReportThatComesBeforeTheLabelIsRememberedUnlessWithdrawn() throws Exception {
    pods.optIn("web-1", false).optIn("echo-1", false);
    podsChanged();
    assertThat(report("node-a", "web-1")).isEqualTo(CaptureOutcome.EARLY);
    assertThat(report("node-b", "echo-1")).isEqualTo(CaptureOutcome.EARLY);
    withdraw("node-b", "echo-1");
    assertThat(states()).isEmpty();
    pods.optIn("web-1", true).optIn("echo-1", true);
    podsChanged();

    assertThat(states()).isEqualTo(Map.of("web-1", CAPTURED, "echo-1", EXPECTED));
  }

  @Test
  void earlyReportsOfANodeAreBounded() throws Exception {
    for (int i = 0; i < Membership.MAX_EARLY_PER_NODE; i++) {
      assertThat(membership.captured("node-a", "unknown-" + i)).isEqualTo(CaptureOutcome.EARLY);
    }
    assertThat(membership.captured("node-a", "one more")).isEqualTo(CaptureOutcome.REFUSED);
    assertThat(membership.captured("node-b", "of another")).isEqualTo(CaptureOutcome.EARLY);
  }

  @Test
  void anUnlabelledPodThatIsOnlyExpectedLeavesAtOnce() throws Exception {
    pods.optIn("web-1", false);
    podsChanged();

    assertThat(states()).containsOnlyKeys("echo-1");
  }

  @Test
  void anUnlabelledPodStaysCapturedUntilItsNodeHasWithdrawnIt() throws Exception {
    report("node-a", "web-1");
    pods.optIn("web-1", false);
    podsChanged();
    assertThat(states()).containsEntry("web-1", CAPTURED);
    restart();
    assertThat(states()).containsEntry("web-1", CAPTURED);

    withdraw("node-a", "web-1");
    assertThat(states()).doesNotContainKey("web-1");
    restart();
    assertThat(states()).doesNotContainKey("web-1");

    pods.optIn("web-1", true);
    podsChanged();
    assertThat(states()).containsEntry("web-1", EXPECTED);
  }

  @Test
  void aPodWithdrawnBeforeItsLabelIsSeenToGoIsOutUntilItIsReportedAgain() throws Exception {
    report("node-a", "web-1");
    withdraw("node-a", "web-1");
    assertThat(states()).doesNotContainKey("web-1");
    podsChanged();
    assertThat(states()).doesNotContainKey("web-1");

    assertThat(report("node-a", "web-1")).isEqualTo(CaptureOutcome.ACCEPTED);
    assertThat(states()).containsEntry("web-1", CAPTURED);
  }

  @Test
  void withdrawingTwiceOrWhatIsUnknownIsNoError() throws Exception {
    withdraw("node-a", "web-1");
    withdraw("node-a", "web-1");
    withdraw("node-a", "never seen");
    assertThat(states()).containsOnlyKeys("echo-1");
  }

  @Test
  void aPodThatEndsIsNoLongerCaptured() throws Exception {
    report("node-a", "web-1");
    pods.end("web-1");
    podsChanged();

    assertThat(states()).doesNotContainKey("web-1");
    assertThat(captured.entries()).isEmpty();
  }

  @Test
  void aPodThatIsMissingForAMomentComesBackCaptured() throws Exception {
    report("node-a", "web-1");
    var missing = pods.current().byUid("web-1");
    pods.remove("web-1");
    podsChanged();
    assertThat(states()).doesNotContainKey("web-1");

    clock.advance(Membership.GONE_AFTER.minusSeconds(1));
    podsChanged();
    pods.put(missing);
    podsChanged();
    assertThat(states()).containsEntry("web-1", CAPTURED);
  }

  @Test
  void aPodThatStaysAwayIsForgotten() throws Exception {
    report("node-a", "web-1");
    pods.remove("web-1");
    podsChanged();
    clock.advance(Membership.GONE_AFTER);
    podsChanged();

    assertThat(captured.entries()).isEmpty();
  }

  @Test
  void nothingIsForgottenWhileTheListIsIncomplete() throws Exception {
    report("node-a", "web-1");
    var missing = pods.current().byUid("web-1");
    pods.remove("web-1").complete(false);
    restart();
    clock.advance(Duration.ofHours(1));
    podsChanged();
    pods.put(missing).complete(true);
    podsChanged();

    assertThat(states()).containsEntry("web-1", CAPTURED);
  }

  @Test
  void tellsPodsThatHaveEndedFromThoseThatLiveOnOutside() throws Exception {
    pods.add("done", "web", "node-a", "10.0.0.5").add("gone", "web", "node-a", "10.0.0.6");
    podsChanged();
    report("node-a", "web-1");
    withdraw("node-a", "web-1");
    pods.optIn("echo-1", false).end("done").remove("gone");
    podsChanged();

    assertThat(left())
        .isEqualTo(Map.of("web-1", false, "echo-1", false, "done", true, "gone", true));
  }

  @Test
  void tellsOfTheEndOfAPodThatLeftBefore() throws Exception {
    withdraw("node-a", "web-1");
    withdraw("node-b", "echo-1");
    assertThat(left()).isEqualTo(Map.of("web-1", false, "echo-1", false));
    pods.end("web-1").remove("echo-1");
    podsChanged();

    assertThat(left()).isEqualTo(Map.of("web-1", true, "echo-1", true));
  }

  @Test
  void aPodThatIsMissingForAMomentHasNotEndedAfterAll() throws Exception {
    var missing = pods.current().byUid("web-1");
    withdraw("node-a", "web-1");
    pods.remove("web-1").complete(false);
    podsChanged();
    assertThat(left()).isEqualTo(Map.of("web-1", true));
    pods.put(missing).optIn("web-1", false).complete(true);
    podsChanged();
    assertThat(left()).isEqualTo(Map.of("web-1", false));

    pods.optIn("web-1", true);
    podsChanged();
    assertThat(left()).isEmpty();
  }

  @Test
  void neverSpeaksOfPodsThatWereNeverInTheMesh() throws Exception {
    pods.put(TestPods.pod("out", "default", "x", "node-a", false, "10.0.0.3"));
    podsChanged();
    pods.remove("out");
    podsChanged();

    assertThat(left()).isEmpty();
  }

  @Test
  void aReusedAddressBelongsToTheNewestPod() throws Exception {
    pods.created("web-1", Instant.parse("2026-03-01T11:00:00Z"));
    pods.add("thief", "thief", "node-b", "10.0.0.1");
    pods.created("thief", Instant.parse("2026-03-01T11:30:00Z"));
    podsChanged();

    assertThat(addresses("web-1")).containsExactly("fd00:0:0:0:0:0:0:1");
    assertThat(addresses("thief")).containsExactly("10.0.0.1");

    pods.end("thief");
    podsChanged();
    assertThat(addresses("web-1")).containsExactly("10.0.0.1", "fd00:0:0:0:0:0:0:1");
  }

  @Test
  void aReusedAddressMayBelongToAPodOutsideTheMesh() throws Exception {
    pods.put(TestPods.pod("out", "default", "x", "node-b", false, "10.0.0.1"));
    podsChanged();

    assertThat(addresses("web-1")).containsExactly("fd00:0:0:0:0:0:0:1");
  }

  @Test
  void onlyChangesMakeVersions() throws Exception {
    long version = changes.version();
    podsChanged();
    report("node-b", "web-1");
    assertThat(changes.version()).isEqualTo(version);
  }

  @Test
  void whatCannotBeMadeDurableIsVisibleAndTriedAgain() throws Exception {
    captured.failing(true);
    assertThatThrownBy(() -> report("node-a", "web-1")).isInstanceOf(IOException.class);
    assertThat(states()).containsEntry("web-1", CAPTURED);

    captured.failing(false);
    membership.commit();
    assertThat(captured.updates()).isEqualTo(1);
  }

  @Test
  void aPodWithANameThatIsNoIdentityStaysOutside() throws Exception {
    pods.put(TestPods.pod("odd", "shop", "sa@evil", "node-a", true, "10.0.0.7"));
    podsChanged();
    podsChanged();

    assertThat(states()).containsOnlyKeys("web-1", "echo-1");
  }

  @Test
  void carriesTheLabelsThatAreAskedForAndTellsOnlyThePodsThatHaveThem() throws Exception {
    long before = changes.version();

    pods.ask("version").labels("web-1", Map.of("version", "v1"));
    podsChanged();

    ChangeLog.Part part = changes.since(before, 10);
    assertThat(part.workloads()).extracting(Workload::getPodUid).containsExactly("web-1");
    assertThat(part.workloads().getFirst().getLabelsMap()).isEqualTo(Map.of("version", "v1"));
    assertThat(part.labelKeys()).containsExactly("version");
  }

  @Test
  void aRelabelledPodIsToldAnewAndStaysInItsState() throws Exception {
    pods.ask("version").labels("web-1", Map.of("version", "v1"));
    podsChanged();
    report("node-a", "web-1");
    long before = changes.version();

    pods.labels("web-1", Map.of("version", "v2"));
    podsChanged();

    ChangeLog.Part part = changes.since(before, 10);
    assertThat(part.workloads()).hasSize(1);
    assertThat(part.workloads().getFirst().getLabelsMap()).isEqualTo(Map.of("version", "v2"));
    assertThat(part.workloads().getFirst().getState()).isEqualTo(CAPTURED);
    assertThat(part.labelKeys()).isNull();
  }
}
