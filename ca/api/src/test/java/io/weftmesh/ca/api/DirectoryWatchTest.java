package io.weftmesh.ca.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.weftmesh.ca.fixtures.ManualControlThread;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.LabelKeys;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.Workload;
import io.weftmesh.ca.v1.WorkloadState;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DirectoryWatchTest {
  private static final long EPOCH = 77;

  private final ManualControlThread control = new ManualControlThread();
  private final TestAuthority root = TestAuthority.root("cluster.local");
  private final List<FakeStream> streams = new ArrayList<>();
  private final Heard heard = new Heard();
  private final DirectoryWatch watch =
      new DirectoryWatch(
          new CaSettings("ca", 15012, "cluster.local", Path.of("b"), Path.of("t"), "p1"),
          this::open,
          heard,
          control,
          () -> 0.5);

  @BeforeEach
  void connect() {
    watch.connect();
  }

  @Test
  void beginsWithNothingKnown() {
    NodeMessage open = stream().sent.getFirst();
    assertThat(open.getOpen().getProcess()).isEqualTo("p1");
    assertThat(open.getOpen().getEpoch()).isZero();
    assertThat(open.getOpen().getVersion()).isZero();
    assertThat(watch.isConnected()).isFalse();
  }

  @Test
  void acknowledgesABundleWhenItIsInForce() {
    heard.onBundle = () -> assertThat(stream().sent).hasSize(1);
    stream().says(bundle(3));

    assertThat(heard.bundles).containsExactly(TestAuthority.bundle(3, root));
    assertThat(stream().last().getAck().getBundleVersion()).isEqualTo(3);
    assertThat(stream().last().getAck().getVersion()).isZero();
    assertThat(stream().requested).isEqualTo(1);
  }

  @Test
  void neverAcknowledgesAForeignDomainsVersion() throws Exception {
    TestAuthority foreign = TestAuthority.root("other.example");
    stream().says(bundle(1));
    stream()
        .says(
            DirectoryMessage.newBuilder()
                .setBundle(
                    io.weftmesh.ca.v1.TrustBundle.newBuilder()
                        .setVersion(9)
                        .setTrustDomain("other.example")
                        .addRoots(ByteString.copyFrom(foreign.certificate().getEncoded()))));
    stream().says(full(1, true, "a"));

    assertThat(heard.bundles).hasSize(2);
    assertThat(stream().last().getAck().getBundleVersion()).isEqualTo(1);
  }

  @Test
  void appliesAFullStateWhenItsLastPartIsThere() {
    stream().says(full(5, false, "a"));
    stream().says(part(5, false, "b"));
    assertThat(heard.updates).isEmpty();
    stream().says(part(5, true, "c"));

    assertThat(heard.updates).hasSize(1);
    assertThat(heard.updates.getFirst().getFull()).isTrue();
    assertThat(uids(heard.updates.getFirst())).containsExactly("a", "b", "c");
    assertThat(stream().last().getAck().getVersion()).isEqualTo(5);
    assertThat(stream().requested).isEqualTo(3);
    assertThat(watch.isConnected()).isTrue();
    assertThat(heard.events).containsExactly("connected");
  }

  @Test
  void tellsOfEveryPodThatLeftInAnyPart() {
    stream()
        .says(
            DirectoryMessage.newBuilder()
                .setUpdate(update(5, false, "a").setFull(true).addRemovedPodUids("b")));
    stream()
        .says(
            DirectoryMessage.newBuilder()
                .setUpdate(update(5, true).addRemovedPodUids("c").addEndedPodUids("c")));

    assertThat(heard.updates.getFirst().getRemovedPodUidsList()).containsExactly("b", "c");
    assertThat(heard.updates.getFirst().getEndedPodUidsList()).containsExactly("c");
  }

  @Test
  void knowsTheKeysOfLabelsWhicheverPartTheyCameIn() {
    LabelKeys keys = LabelKeys.newBuilder().addKeys("version").build();
    stream().says(full(5, false, "a"));
    stream()
        .says(DirectoryMessage.newBuilder().setUpdate(update(5, false, "b").setLabelKeys(keys)));
    stream().says(part(5, true, "c"));
    stream().says(part(6, true, "d"));

    assertThat(heard.updates.getFirst().getLabelKeys()).isEqualTo(keys);
    assertThat(heard.updates.getLast().hasLabelKeys()).isFalse();
  }

  @Test
  void appliesDifferencesInTurn() {
    stream().says(full(5, true, "a"));
    stream().says(part(6, true, "b"));
    stream().says(part(9, true, "c"));

    assertThat(heard.updates).hasSize(3);
    assertThat(stream().last().getAck().getVersion()).isEqualTo(9);
    assertThat(heard.events).containsExactly("connected");
  }

  @Test
  void resumesAfterWhatWasAppliedLast() {
    stream().says(full(5, true, "a"));
    stream().says(part(6, true, "b"));
    stream().says(full(7, false, "c"));
    stream().ends(Status.UNAVAILABLE);
    assertThat(watch.isConnected()).isFalse();
    control.advance(Duration.ofSeconds(1));

    assertThat(streams).hasSize(2);
    assertThat(stream().sent.getFirst().getOpen().getEpoch()).isEqualTo(EPOCH);
    assertThat(stream().sent.getFirst().getOpen().getVersion()).isEqualTo(6);
    assertThat(heard.updates).hasSize(2);
    stream().says(part(8, true, "d"));
    assertThat(heard.events).containsExactly("connected", "unavailable", "connected");
  }

  @Test
  void isInStepAgainWhenThereIsNothingNew() {
    stream().says(bundle(1));
    assertThat(watch.isConnected()).isFalse();
    stream().says(full(5, true, "a"));
    stream().ends(Status.UNAVAILABLE);
    control.advance(Duration.ofSeconds(1));
    assertThat(watch.isConnected()).isFalse();
    stream().says(bundle(1));

    assertThat(watch.isConnected()).isTrue();
    assertThat(heard.events).containsExactly("connected", "unavailable", "connected");
  }

  @Test
  void aStreamThatNeverSpokeWasNoGoodLife() {
    for (int i = 0; i < 10; i++) {
      pauseAfter(Status.UNAVAILABLE);
    }
    control.advance(DirectoryWatch.FIRST_MESSAGE_TIMEOUT);
    int before = streams.size();
    control.advance(Duration.ofSeconds(2));
    assertThat(streams).hasSize(before);
    control.advance(Duration.ofSeconds(1));
    assertThat(streams).hasSize(before + 1);
  }

  @Test
  void waitsLongerEachTime() {
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      pauses.add(pauseAfter(Status.UNAVAILABLE));
    }
    assertThat(pauses).isSorted().startsWith(200L, 300L, 450L).endsWith(3_000L);
  }

  @Test
  void beginsAnewWithShortPausesAfterAGoodLife() {
    for (int i = 0; i < 10; i++) {
      pauseAfter(Status.UNAVAILABLE);
    }
    stream().says(full(5, true, "a"));
    assertThat(pauseAfter(Status.UNAVAILABLE)).isGreaterThan(2_000);
    stream().says(part(6, true, "b"));
    control.advance(Duration.ofSeconds(10));
    assertThat(pauseAfter(Status.UNAVAILABLE)).isEqualTo(200);
  }

  @Test
  void givesUpAStreamThatSaysNothing() {
    FakeStream silent = stream();
    control.advance(DirectoryWatch.FIRST_MESSAGE_TIMEOUT);
    assertThat(silent.cancelled).isTrue();
    control.advance(Duration.ofSeconds(1));

    assertThat(streams).hasSize(2);
    assertThat(heard.events).containsExactly("deadline_exceeded");
    silent.says(full(5, true, "a"));
    silent.ends(Status.CANCELLED);
    assertThat(heard.updates).isEmpty();
    assertThat(streams).hasSize(2);
  }

  @Test
  void aStreamThatSpokeMayBeSilentForLong() {
    stream().says(full(5, true, "a"));
    control.advance(Duration.ofHours(10));

    assertThat(streams).hasSize(1);
    assertThat(stream().cancelled).isFalse();
  }

  @Test
  void asksForEverythingWhenItCannotUnderstand() {
    stream().says(full(5, true, "a"));
    heard.refuseUpdates = true;
    FakeStream broken = stream();
    broken.says(part(6, true, "b"));

    assertThat(broken.cancelled).isTrue();
    control.advance(Duration.ofSeconds(1));
    assertThat(stream().sent.getFirst().getOpen().getEpoch()).isZero();
    assertThat(heard.events).containsExactly("connected", "data_loss");
  }

  @Test
  void refusesADifferenceToWhatItDoesNotHave() {
    for (DirectoryMessage.Builder wrong :
        List.of(
            part(1, true, "b"),
            DirectoryMessage.newBuilder()
                .setUpdate(
                    DirectoryUpdate.newBuilder().setEpoch(78).setVersion(9).setLast(true)))) {
      stream().says(full(5, true, "a"));
      int updates = heard.updates.size();
      stream().says(wrong);
      assertThat(heard.updates).hasSize(updates);
      control.advance(Duration.ofSeconds(1));
      assertThat(stream().sent.getFirst().getOpen().getVersion()).isZero();
    }
  }

  @Test
  void refusesAMixtureOfParts() {
    stream().says(full(5, false, "a"));
    stream().says(part(6, true, "b"));

    assertThat(stream().cancelled).isTrue();
    assertThat(heard.updates).isEmpty();
  }

  @Test
  void refusesABundleThatIsNone() {
    stream()
        .says(
            DirectoryMessage.newBuilder()
                .setBundle(
                    io.weftmesh.ca.v1.TrustBundle.newBuilder()
                        .setVersion(1)
                        .setTrustDomain("cluster.local")
                        .addRoots(ByteString.copyFromUtf8("root"))));

    assertThat(stream().cancelled).isTrue();
    assertThat(heard.bundles).isEmpty();
  }

  @Test
  void passesOverWhatANewerCaSays() {
    stream().says(DirectoryMessage.newBuilder());

    assertThat(stream().cancelled).isFalse();
    assertThat(stream().requested).isEqualTo(1);
  }

  @Test
  void takesTheFullStateOfANewCa() {
    stream().says(full(500, true, "a"));
    stream().ends(Status.UNAVAILABLE);
    control.advance(Duration.ofSeconds(1));
    stream()
        .says(
            DirectoryMessage.newBuilder()
                .setUpdate(
                    DirectoryUpdate.newBuilder()
                        .setEpoch(78)
                        .setVersion(1)
                        .setFull(true)
                        .setLast(true)));

    assertThat(heard.updates).hasSize(2);
    assertThat(stream().last().getAck().getVersion()).isEqualTo(1);
  }

  @Test
  void reportsCapturedPodsAgainAfterEachReconnect() {
    watch.captured("a");
    watch.captured("b");
    watch.captured("a");
    assertThat(stream().reports()).containsExactly("a", "b");
    watch.forget("a");
    stream().ends(Status.UNAVAILABLE);
    control.advance(Duration.ofSeconds(1));

    assertThat(stream().reports()).containsExactly("b");
    assertThat(stream().sent.getFirst().hasOpen()).isTrue();
  }

  @Test
  void reportsAPodAgainThatTheCaCameToKnowLater() {
    watch.captured("a");
    stream().says(full(5, true));
    stream().says(part(6, true, "a", "b"));

    assertThat(stream().reports()).containsExactly("a", "a");
  }

  @Test
  void remembersWhatWasCapturedWhileTheCaWasGone() {
    stream().ends(Status.UNAVAILABLE);
    watch.captured("a");
    control.advance(Duration.ofSeconds(1));

    assertThat(stream().reports()).containsExactly("a");
  }

  @Test
  void staysClosed() {
    watch.close();
    assertThat(stream().cancelled).isTrue();
    stream().ends(Status.CANCELLED);
    control.advance(Duration.ofMinutes(1));

    assertThat(streams).hasSize(1);
    assertThat(heard.events).isEmpty();
    assertThat(control.alarms()).isZero();
  }

  @Test
  void staysClosedDuringAPause() {
    stream().ends(Status.UNAVAILABLE);
    watch.close();
    control.advance(Duration.ofMinutes(1));

    assertThat(streams).hasSize(1);
  }

  private long pauseAfter(Status status) {
    int before = streams.size();
    stream().ends(status);
    long millis = 0;
    while (streams.size() == before) {
      control.advance(Duration.ofMillis(10));
      millis += 10;
    }
    return millis;
  }

  private FakeStream stream() {
    return streams.getLast();
  }

  private FakeStream open(DirectoryWatch.Events events) {
    FakeStream stream = new FakeStream(events);
    streams.add(stream);
    return stream;
  }

  private DirectoryMessage.Builder bundle(long version) {
    try {
      return DirectoryMessage.newBuilder()
          .setBundle(
              io.weftmesh.ca.v1.TrustBundle.newBuilder()
                  .setVersion(version)
                  .setTrustDomain("cluster.local")
                  .addRoots(ByteString.copyFrom(root.certificate().getEncoded())));
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static DirectoryMessage.Builder full(long version, boolean last, String... uids) {
    return DirectoryMessage.newBuilder().setUpdate(update(version, last, uids).setFull(true));
  }

  private static DirectoryMessage.Builder part(long version, boolean last, String... uids) {
    return DirectoryMessage.newBuilder().setUpdate(update(version, last, uids));
  }

  private static DirectoryUpdate.Builder update(long version, boolean last, String... uids) {
    DirectoryUpdate.Builder update =
        DirectoryUpdate.newBuilder().setEpoch(EPOCH).setVersion(version).setLast(last);
    for (String uid : uids) {
      update.addWorkloads(Workload.newBuilder().setPodUid(uid).setState(WorkloadState.EXPECTED));
    }
    return update;
  }

  private static List<String> uids(DirectoryUpdate update) {
    return update.getWorkloadsList().stream().map(Workload::getPodUid).toList();
  }

  private static final class FakeStream implements DirectoryWatch.Stream {
    private final DirectoryWatch.Events events;
    private final List<NodeMessage> sent = new ArrayList<>();
    private int requested;
    private boolean cancelled;

    private FakeStream(DirectoryWatch.Events events) {
      this.events = events;
    }

    @Override
    public void send(NodeMessage message) {
      sent.add(message);
    }

    @Override
    public void request() {
      requested++;
    }

    @Override
    public void cancel(String why) {
      cancelled = true;
    }

    private void says(DirectoryMessage.Builder message) {
      events.onMessage(message.build());
    }

    private void ends(Status status) {
      events.onEnd(status);
    }

    private NodeMessage last() {
      return sent.getLast();
    }

    private List<String> reports() {
      return sent.stream()
          .filter(NodeMessage::hasCaptured)
          .map(message -> message.getCaptured().getPodUid())
          .toList();
    }
  }

  private static final class Heard implements CaListener {
    private final List<TrustBundle> bundles = new ArrayList<>();
    private final List<DirectoryUpdate> updates = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private Runnable onBundle = () -> {};
    private boolean refuseUpdates;

    @Override
    public void onBundle(TrustBundle bundle) {
      onBundle.run();
      bundles.add(bundle);
    }

    @Override
    public void onUpdate(DirectoryUpdate update) {
      if (refuseUpdates) {
        throw new IllegalArgumentException("no address");
      }
      updates.add(update);
    }

    @Override
    public void onConnected() {
      events.add("connected");
    }

    @Override
    public void onDisconnected(String reason) {
      events.add(reason);
    }
  }
}
