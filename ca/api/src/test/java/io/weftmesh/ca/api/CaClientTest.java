package io.weftmesh.ca.api;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.ca.fixtures.TestSvid;
import io.weftmesh.ca.v1.DirectoryMessage;
import io.weftmesh.ca.v1.DirectoryUpdate;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client against a ca on a real port, by the real clock. */
final class CaClientTest {
  private static final String DOMAIN = "cluster.local";
  private static final SpiffeId CA = SpiffeId.workload(DOMAIN, "weft-system", "weft-ca");
  private static final SpiffeId CART = SpiffeId.workload(DOMAIN, "shop", "cart");

  private final TestAuthority root = authority();
  private final ControlThread control = ControlThread.start("test");
  private final Heard heard = new Heard();
  private @TempDir Path folder;
  private FakeCa ca;
  private CaClient client;

  @BeforeEach
  void start() throws Exception {
    Files.write(folder.resolve("bundle.pem"), root.bundle().toPem());
    Files.writeString(folder.resolve("token"), "first\n");
    ca = new FakeCa(svid(root, CA), 0);
    client = client(ca.port());
  }

  @AfterEach
  void close() throws Exception {
    client.close();
    control.close();
    ca.close();
  }

  @Test
  void signs() throws Exception {
    List<byte[]> chain = get(client.sign(CART, new byte[] {1, 2}));

    assertThat(new String(chain.get(0), StandardCharsets.US_ASCII)).isEqualTo(CART.toString());
    assertThat(chain.get(1)).containsExactly(1, 2);
    assertThat(ca.tokens).containsExactly("Bearer first");
  }

  @Test
  void readsTheTokenAtEachCall() throws Exception {
    get(client.sign(CART, new byte[0]));
    Files.writeString(folder.resolve("token"), "second");
    get(client.sign(CART, new byte[0]));

    assertThat(ca.tokens).containsExactly("Bearer first", "Bearer second");
  }

  @Test
  void saysWhyItWasRefused() {
    ca.signing = Status.PERMISSION_DENIED.withDescription("denied");

    refused("permission_denied", "denied");
  }

  @Test
  void saysThatThereIsNoToken() throws Exception {
    Files.delete(folder.resolve("token"));

    refused("unauthenticated", "token");
    client.start();
    await().until(() -> heard.events.contains("unauthenticated"));
  }

  @Test
  void withdraws() throws Exception {
    assertThat(get(client.withdraw("acknowledged"))).isTrue();
    assertThat(get(client.withdraw("other"))).isFalse();
  }

  @Test
  void tellsWhatTheCaTells() throws Exception {
    client.start();
    assertThat(ca.hears().getOpen().getProcess()).isEqualTo("p1");
    client.captured("pod-1");
    assertThat(ca.hears().getCaptured().getPodUid()).isEqualTo("pod-1");
    ca.says(bundle(4, root));
    assertThat(ca.hears().getAck().getBundleVersion()).isEqualTo(4);
    ca.says(state(9));
    assertThat(ca.hears().getAck().getVersion()).isEqualTo(9);

    assertThat(heard.bundles).containsExactly(TestAuthority.bundle(4, root));
    assertThat(heard.events).containsExactly("connected");
  }

  @Test
  void comesBackToARestartedCa() throws Exception {
    client.start();
    ca.hears();
    ca.says(state(9));
    ca.hears();
    client.captured("pod-1");
    ca.hears();
    ca.close();
    await().until(() -> heard.events.contains("unavailable"));

    ca = new FakeCa(svid(root, CA), ca.port());
    assertThat(ca.hears().getOpen().getVersion()).isEqualTo(9);
    assertThat(ca.hears().getCaptured().getPodUid()).isEqualTo("pod-1");
    get(client.sign(CART, new byte[0]));
  }

  @Test
  void verifiesARestartedCaAnew() throws Exception {
    client.start();
    ca.hears();
    ca.says(state(9));
    ca.hears();
    ca.close();
    TestAuthority stranger = authority();
    ca = new FakeCa(svid(stranger, CA), ca.port());
    await().atMost(Duration.ofSeconds(20)).until(() -> heard.events.size() >= 4);
    assertThat(ca.streams).isEmpty();

    Files.write(folder.resolve("bundle.pem"), stranger.bundle().toPem());
    assertThat(ca.hears().getOpen().getVersion()).isEqualTo(9);
  }

  @Test
  void trustsTheRootsThatTheCaTold() throws Exception {
    TestAuthority next = authority();
    client.start();
    ca.hears();
    ca.says(bundle(2, root, next));
    assertThat(ca.hears().getAck().getBundleVersion()).isEqualTo(2);
    ca.close();
    ca = new FakeCa(svid(next, CA), ca.port());

    assertThat(ca.hears().hasOpen()).isTrue();
  }

  @Test
  void refusesAnotherIdentityThanTheCas() throws Exception {
    try (FakeCa impostor = new FakeCa(svid(root, CART), 0);
        CaClient misled = client(impostor.port())) {
      misled.start();
      await().until(() -> heard.events.contains("unavailable"));
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> get(misled.sign(CART, new byte[0])));
      assertThat(impostor.tokens).isEmpty();
    }
  }

  @Test
  void refusesTheCaWithoutABundle() throws Exception {
    Files.delete(folder.resolve("bundle.pem"));
    client.start();

    await().until(() -> heard.events.contains("unavailable"));
    assertThat(ca.tokens).isEmpty();
    Files.write(folder.resolve("bundle.pem"), root.bundle().toPem());
    assertThat(ca.hears().hasOpen()).isTrue();
  }

  @Test
  void failsFastWhenThereIsNoCa() throws Exception {
    ca.close();

    refused("unavailable", "127.0.0.1");
  }

  private void refused(String reason, String message) {
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> get(client.sign(CART, new byte[0])))
        .satisfies(e -> {
          assertThat(e.getCause()).isInstanceOf(CaException.class);
          assertThat(((CaException) e.getCause()).reason()).isEqualTo(reason);
          assertThat(e.getCause()).hasMessageContaining(message);
        });
  }

  private CaClient client(int port) {
    return new CaClient(
        new CaSettings(
            "127.0.0.1", port, DOMAIN, folder.resolve("bundle.pem"), folder.resolve("token"), "p1"),
        control,
        heard,
        () -> 0.5);
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, SECONDS);
  }

  /** Of now: the client goes by the real clock. */
  private static TestAuthority authority() {
    return TestAuthority.root(
        DOMAIN, s -> s.valid(Instant.now().minusSeconds(60), Instant.now().plusSeconds(3600)));
  }

  private static TestSvid svid(TestAuthority authority, SpiffeId id) {
    return authority.svid(
        id, s -> s.valid(Instant.now().minusSeconds(60), Instant.now().plusSeconds(3600)));
  }

  private static DirectoryMessage.Builder bundle(long version, TestAuthority... roots)
      throws Exception {
    var bundle =
        io.weftmesh.ca.v1.TrustBundle.newBuilder().setVersion(version).setTrustDomain(DOMAIN);
    for (TestAuthority root : roots) {
      bundle.addRoots(ByteString.copyFrom(root.certificate().getEncoded()));
    }
    return DirectoryMessage.newBuilder().setBundle(bundle);
  }

  private static DirectoryMessage.Builder state(long version) {
    return DirectoryMessage.newBuilder()
        .setUpdate(
            DirectoryUpdate.newBuilder()
                .setEpoch(7)
                .setVersion(version)
                .setFull(true)
                .setLast(true));
  }

  private static final class Heard implements CaListener {
    private final List<TrustBundle> bundles = new CopyOnWriteArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();

    @Override
    public void onBundle(TrustBundle bundle) {
      bundles.add(bundle);
    }

    @Override
    public void onUpdate(DirectoryUpdate update) {}

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
