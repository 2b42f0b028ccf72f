package io.weftmesh.proxy.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.v1.DirectoryUpdate;
import io.weftmesh.ca.v1.LabelKeys;
import io.weftmesh.ca.v1.Workload;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CaNewsTest extends IdentityTest {
  private static final InetAddress ONE = InetAddress.ofLiteral("10.0.0.1");

  private final WorkloadDirectory directory = new WorkloadDirectory(control);
  private final CaNews news = new CaNews(trust, directory, identities, control, metrics);

  @Test
  void readsAPod() {
    news.onUpdate(
        update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED).putLabels("version", "v1"))
            .toBuilder()
            .setLabelKeys(keys("version"))
            .build());

    assertThat(directory.byAddress(ONE))
        .isEqualTo(
            new WorkloadEntry(
                "uid",
                "shop",
                "cart-1",
                "cart",
                "node-1",
                CART,
                WorkloadState.CAPTURED,
                List.of(ONE, InetAddress.ofLiteral("fd00::1")),
                Map.of("version", "v1")));
    assertThat(directory.version()).isEqualTo(5);
  }

  @Test
  void learnsWhichLabelsAreTold() {
    List<Set<String>> told = new ArrayList<>();
    directory.onLabels(() -> told.add(directory.keys()));
    news.onUpdate(update(5, true).toBuilder().setLabelKeys(keys("version")).build());
    news.onUpdate(update(6, false));
    assertThat(directory.keys()).containsExactly("version");
    news.onUpdate(update(7, false).toBuilder().setLabelKeys(keys("track")).build());
    assertThat(directory.keys()).containsExactly("track");

    news.onUpdate(update(8, true).toBuilder().setLabelKeys(LabelKeys.getDefaultInstance()).build());

    assertThat(directory.keys()).isEmpty();
    assertThat(told).containsExactly(Set.of("version"), Set.of("track"), Set.of());
  }

  @Test
  void anOlderCaChangesNoLabels() {
    news.onUpdate(
        update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED).putLabels("version", "v1"))
            .toBuilder()
            .setLabelKeys(keys("version"))
            .build());

    news.onUpdate(update(1, true, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED)));
    assertThat(directory.keys()).containsExactly("version");
    assertThat(directory.of("uid", ONE)).isEqualTo(Map.of("version", "v1"));
    news.onUpdate(update(2, false, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)));
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(directory.of("uid", ONE)).isEqualTo(Map.of("version", "v1"));

    news.onUpdate(
        update(9, true, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)).toBuilder()
            .setLabelKeys(keys("version"))
            .build());
    news.onUpdate(update(10, false, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)));
    assertThat(directory.of("uid", ONE)).isEmpty();
  }

  @Test
  void anOlderCaTellsNewcomersThatThereAreNoLabels() {
    assertThat(directory.keys()).isNull();

    news.onUpdate(update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED)));

    assertThat(directory.keys()).isEmpty();
  }

  @Test
  void appliesADifference() {
    news.onUpdate(update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED)));
    news.onUpdate(update(6, false).toBuilder().addRemovedPodUids("uid").build());

    assertThat(directory.byAddress(ONE)).isNull();
    assertThat(directory.hasEnded("uid")).isFalse();
    assertThat(directory.version()).isEqualTo(6);
  }

  @Test
  void hearsOfPodsThatHaveEnded() {
    DirectoryUpdate.Builder left =
        DirectoryUpdate.newBuilder().addRemovedPodUids("uid").addEndedPodUids("uid");
    news.onUpdate(update(5, true).toBuilder().mergeFrom(left.build()).build());
    assertThat(directory.hasEnded("uid")).isTrue();
    news.onUpdate(update(6, false, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED)));
    assertThat(directory.hasEnded("uid")).isFalse();
    news.onUpdate(update(7, false).toBuilder().mergeFrom(left.build()).build());
    assertThat(directory.hasEnded("uid")).isTrue();
  }

  @Test
  void takesAStateThatItDoesNotKnowForTheStrictest() {
    news.onUpdate(update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.EXPECTED).setStateValue(99)));

    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
  }

  @Test
  void appliesNothingOfWhatItCannotRead() {
    news.onUpdate(update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)));
    DirectoryUpdate wrongId =
        update(6, true, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED).setSpiffeId("cart"));
    DirectoryUpdate wrongAddress =
        update(
            6,
            true,
            pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)
                .addAddresses(ByteString.copyFromUtf8("x")));

    assertThatIllegalArgumentException().isThrownBy(() -> news.onUpdate(wrongId));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> news.onUpdate(wrongAddress))
        .withMessageContaining("uid");
    assertThat(directory.version()).isEqualTo(5);
    assertThat(directory.byAddress(ONE)).isNotNull();
  }

  @Test
  void aLostCaChangesNothingButTheMetrics() {
    news.onUpdate(update(5, true, pod(io.weftmesh.ca.v1.WorkloadState.CAPTURED)));
    news.onConnected();
    assertThat(metricsText())
        .contains("weft_ca_connected 1.0")
        .contains("weft_directory_version 5.0")
        .contains("weft_directory_pods 1.0");
    control.advance(Duration.ofMinutes(3));
    assertThat(news.age()).isZero();

    news.onDisconnected("unavailable");
    control.advance(Duration.ofMinutes(2));
    news.onDisconnected("unavailable");
    control.advance(Duration.ofMinutes(2));
    assertThat(directory.stateOf(ONE)).isEqualTo(WorkloadState.CAPTURED);
    assertThat(metricsText())
        .contains("weft_ca_connected 0.0")
        .contains("weft_directory_age_seconds 240.0")
        .contains("weft_ca_stream_losses_total{reason=\"unavailable\",} 2.0");
    news.onConnected();
    assertThat(news.age()).isZero();
  }

  @Test
  void putsRootsInForce() {
    TestAuthority next = TestAuthority.root("cluster.local");
    news.onBundle(bundle(2, root, next));

    assertThat(trust.bundles().of("cluster.local")).contains(bundle(2, root, next));
  }

  @Test
  void whatFailedIsTriedAgainWhenTheCaIsBack() {
    ca.down(true);
    identities.require(CART);
    control.advance(Duration.ofMinutes(5));
    ca.down(false);
    news.onConnected();
    control.advance(Duration.ofSeconds(1));

    assertThat(identities.current(CART)).isNotNull();
  }

  private static LabelKeys keys(String key) {
    return LabelKeys.newBuilder().addKeys(key).build();
  }

  private static DirectoryUpdate update(long version, boolean full, Workload.Builder... pods) {
    DirectoryUpdate.Builder update =
        DirectoryUpdate.newBuilder().setVersion(version).setFull(full).setLast(true);
    for (Workload.Builder pod : pods) {
      update.addWorkloads(pod);
    }
    return update.build();
  }

  private static Workload.Builder pod(io.weftmesh.ca.v1.WorkloadState state) {
    return Workload.newBuilder()
        .setPodUid("uid")
        .setNamespace("shop")
        .setName("cart-1")
        .setServiceAccount("cart")
        .setNode("node-1")
        .setSpiffeId(CART.toString())
        .setState(state)
        .addAddresses(ByteString.copyFrom(ONE.getAddress()))
        .addAddresses(ByteString.copyFrom(InetAddress.ofLiteral("fd00::1").getAddress()));
  }
}
