package io.weftmesh.ca.server.rotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.server.TestClock;
import io.weftmesh.ca.server.rotation.TrustState.Activated;
import io.weftmesh.ca.server.rotation.TrustState.Prepared;
import io.weftmesh.ca.server.rotation.TrustState.Stable;
import io.weftmesh.ca.server.signing.BroughtAuthority;
import io.weftmesh.ca.server.signing.KeyPairs;
import io.weftmesh.ca.server.signing.Pem;
import io.weftmesh.ca.server.signing.SelfSignedRoot;
import io.weftmesh.ca.server.signing.SigningAuthority;
import io.weftmesh.ca.server.signing.Svid;
import io.weftmesh.ca.server.store.MemoryMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each step may be followed by a restart: {@code restarted()} stands between them everywhere. */
class RotatingAuthorityTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SpiffeId WEB = SpiffeId.workload("cluster.local", "shop", "web");
  private static final Duration LEAF = Duration.ofHours(1);

  @TempDir private Path folder;
  private final TestClock clock = new TestClock(NOW);
  private final MemoryMap ledger = new MemoryMap();
  private final Map<String, Long> acknowledged = new TreeMap<>();
  private final List<TrustState> seen = new ArrayList<>();
  private PublicKey key;
  private RotatingAuthority authority;

  @BeforeEach
  void start() throws Exception {
    key = KeyPairs.p256().getPublic();
    restarted();
  }

  private RotatingAuthority restarted() throws Exception {
    seen.clear();
    authority =
        RotatingAuthority.start(
            "cluster.local",
            LEAF,
            new AuthoritySource(
                new BroughtAuthority(folder, "cluster.local", clock),
                "cluster.local",
                Duration.ofDays(365),
                clock),
            new TrustFile(folder.resolve("weft-ca.json")),
            new LeafLedger(ledger),
            clock);
    authority.askAboutNodes(() -> acknowledged);
    authority.onState(seen::add);
    return authority;
  }

  private X509Certificate root() {
    return authority.state().active().root();
  }

  private void assertIssuedBy(X509Certificate root) throws Exception {
    Svid svid = authority.issue("node-a", WEB, key);
    svid.leaf().verify(root.getPublicKey());
  }

  private void bring(SigningAuthority next) throws IOException {
    Files.writeString(folder.resolve("tls.crt"), Pem.encode(next.chain()));
    Files.writeString(folder.resolve("tls.key"), Pem.encode(next.key()));
  }

  private SigningAuthority made() throws Exception {
    return SelfSignedRoot.create("cluster.local", Duration.ofDays(30), clock.instant());
  }

  @Test
  void makesARootAtTheFirstStartAndKeepsItForItself() throws Exception {
    X509Certificate root = root();
    assertThat(restarted().state()).isInstanceOf(Stable.class);
    assertThat(root()).isEqualTo(root);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("weft-ca.json"))))
        .isEqualTo("rw-------");
  }

  @Test
  void goesThroughThreeStepsWithARestartAfterEach() throws Exception {
    X509Certificate old = root();
    assertIssuedBy(old);
    acknowledged.put("node-a", 1L);

    authority.prepare();
    restarted();
    assertThat(authority.state()).isInstanceOf(Prepared.class);
    assertThat(authority.bundle().version()).isEqualTo(2);
    assertThat(authority.bundle().roots()).hasSize(2).contains(old);
    assertIssuedBy(old);

    assertThatThrownBy(authority::activate)
        .isInstanceOf(RotationRefusedException.class)
        .hasMessageContaining("node-a (at bundle 1)");
    acknowledged.put("node-a", 2L);
    clock.advance(Duration.ofMinutes(10));
    assertIssuedBy(old);
    authority.activate();
    restarted();
    assertThat(authority.state()).isInstanceOf(Activated.class);
    assertThat(authority.bundle().version()).isEqualTo(2);
    assertThat(root()).isNotEqualTo(old);
    assertIssuedBy(root());

    assertThatThrownBy(authority::retire)
        .isInstanceOf(RotationRefusedException.class)
        .hasMessageContaining("live until");
    clock.advance(LEAF.multipliedBy(2));
    authority.retire();
    restarted();
    assertThat(authority.state()).isInstanceOf(Stable.class);
    assertThat(authority.bundle().version()).isEqualTo(3);
    assertThat(authority.bundle().roots()).doesNotContain(old).hasSize(1);
  }

  @Test
  void retiresTheOldRootWhenItsLastLeafIsDeadAndNotBefore() throws Exception {
    acknowledged.put("node-a", 2L);
    clock.advance(Duration.ofMinutes(1));
    Instant lastLeaf = authority.issue("node-a", WEB, key).expiry();
    authority.prepare();
    authority.activate();

    clock.advance(Duration.between(clock.instant(), lastLeaf).minusSeconds(1));
    assertThatThrownBy(authority::retire).hasMessageContaining(lastLeaf.toString());
    clock.advance(Duration.ofSeconds(1));
    authority.retire();
  }

  @Test
  void waitsForANodeThatIsNotConnectedAsLongAsItsLeafLives() throws Exception {
    Instant expiry = authority.issue("node-gone", WEB, key).expiry();
    authority.prepare();
    assertThatThrownBy(authority::activate)
        .hasMessageContaining("node-gone (not connected, its last leaf lives until " + expiry);
    // Also after a restart, which must not forget whom to wait for.
    restarted();
    assertThatThrownBy(authority::activate).hasMessageContaining("node-gone (not connected");
    assertThat(authority.status()).contains("not acknowledged yet: node-gone");

    clock.advance(LEAF.plus(LEAF.dividedBy(4)));
    authority.activate();
  }

  @Test
  void waitsForAConnectedNodeWithoutALeafToo() throws Exception {
    acknowledged.put("node-new", 1L);
    authority.prepare();
    assertThatThrownBy(authority::activate).hasMessageContaining("node-new (at bundle 1)");
    acknowledged.put("node-new", 2L);
    authority.activate();
  }

  @Test
  void refusesStepsOutOfOrder() throws Exception {
    assertThatThrownBy(authority::activate).hasMessageContaining("run prepare first");
    assertThatThrownBy(authority::retire).hasMessageContaining("no old root is left");
    authority.prepare();
    assertThatThrownBy(authority::prepare).hasMessageContaining("finish it with activate");
    assertThatThrownBy(authority::retire).hasMessageContaining("no old root is left");
    authority.activate();
    assertThatThrownBy(authority::prepare).hasMessageContaining("finish it with retire");
    assertThatThrownBy(authority::activate).hasMessageContaining("run prepare first");
  }

  @Test
  void forceTrustsANewRootAloneFromEveryState() throws Exception {
    X509Certificate first = root();
    authority.force();
    restarted();
    assertThat(authority.bundle().roots()).containsExactly(root()).doesNotContain(first);

    authority.prepare();
    List<X509Certificate> leaked = authority.bundle().roots();
    authority.force();
    assertThat(authority.bundle().roots()).doesNotContainAnyElementsOf(leaked).hasSize(1);

    authority.prepare();
    authority.activate();
    leaked = authority.bundle().roots();
    long version = authority.bundle().version();
    authority.force();
    assertThat(authority.state()).isInstanceOf(Stable.class);
    assertThat(authority.bundle().version()).isEqualTo(version + 1);
    assertThat(authority.bundle().roots()).doesNotContainAnyElementsOf(leaked).hasSize(1);
    assertIssuedBy(root());
  }

  @Test
  void takesUpWhatTheUserBringsForTheNextRoot() throws Exception {
    SigningAuthority users = made();
    bring(users);
    restarted();
    authority.prepare();
    authority.activate();
    assertThat(root()).isEqualTo(users.root());
    clock.advance(LEAF);
    authority.retire();

    assertThatThrownBy(authority::prepare).hasMessageContaining("tls.crt is in force already");
    assertThatThrownBy(authority::force).hasMessageContaining("tls.crt is in force already");
    assertThat(restarted().state()).isInstanceOf(Stable.class);
    bring(made());
    authority.prepare();
  }

  @Test
  void beginsWithWhatTheUserBrings() throws Exception {
    Files.delete(folder.resolve("weft-ca.json"));
    SigningAuthority users = made();
    bring(users);

    assertThat(restarted().state().active().root()).isEqualTo(users.root());
  }

  @Test
  void listenersSeeEveryStateInOrder() throws Exception {
    authority.prepare();
    authority.activate();
    clock.advance(LEAF);
    authority.retire();

    assertThat(seen)
        .extracting(TrustState::phase)
        .containsExactly("stable", "prepared", "activated", "stable");
    assertThat(authority.status()).startsWith("stable; bundle 3; active ");
  }

  @Test
  void aLeafThatCouldNotBeNotedIsNotHandedOut() {
    ledger.failing(true);
    assertThatThrownBy(() -> authority.issue("node-a", WEB, key)).isInstanceOf(IOException.class);
  }

  @Test
  void notesLeavesOnceInAWhileAndNotEachTime() throws Exception {
    for (int i = 0; i < 14; i++) {
      authority.issue("node-a", WEB, key);
      clock.advance(Duration.ofMinutes(1));
    }
    assertThat(ledger.updates()).isEqualTo(1);
    clock.advance(LEAF.multipliedBy(3));
    authority.issue("node-b", WEB, key);
    assertThat(ledger.entries()).containsOnlyKeys("node-b");
  }

  @Test
  void doesNotStartOnAFileThatItCannotUnderstand() throws Exception {
    Path file = folder.resolve("weft-ca.json");
    String good = Files.readString(file);
    Files.writeString(file, good.substring(0, good.length() / 2));
    assertThatThrownBy(this::restarted)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("can't be understood")
        .hasMessageNotContaining("PRIVATE KEY");

    Files.writeString(file, good.replace("\"stable\"", "\"sideways\""));
    assertThatThrownBy(this::restarted).hasMessageContaining("sideways");

    Files.writeString(file, good);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(this::restarted).hasMessageContaining("is open to others; chmod 600");
  }
}
