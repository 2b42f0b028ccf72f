package io.weftmesh.ca.server;

import static io.weftmesh.ca.v1.WorkloadState.CAPTURED;
import static io.weftmesh.ca.v1.WorkloadState.EXPECTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.weftmesh.ca.api.SvidValidator;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.api.TrustBundles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole ca, over real connections. */
class CaTest {
  @TempDir Path folder;
  private TestCluster cluster;

  @BeforeEach
  void twoNodes() throws Exception {
    cluster = new TestCluster(folder);
    cluster.node("node-a");
    cluster.node("node-b");
    cluster.pod("web-1", "web", "node-a", "10.1.0.1");
    cluster.pod("echo-1", "echo", "node-b", "10.2.0.1");
  }

  private TestNode node(Ca ca, String name) throws Exception {
    return new TestNode(ca.port(), cluster.bundle(), () -> cluster.token(name));
  }

  @Test
  void signsForANodeTheIdentitiesOfItsPods() throws Exception {
    try (Ca ca = cluster.start();
        TestNode node = node(ca, "node-a")) {
      var response = node.sign("spiffe://cluster.local/ns/shop/sa/web");

      TrustBundle bundle =
          TrustBundle.ofPem("cluster.local", 0, Files.readAllBytes(cluster.bundle()));
      var svid =
          new SvidValidator(TrustBundles.of(bundle), cluster.clock)
              .validate(response.getChainList().stream().map(ByteString::toByteArray).toList());
      assertThat(svid.id()).hasToString("spiffe://cluster.local/ns/shop/sa/web");
    }
  }

  @Test
  void tellsEveryNodeWhichPodsAreExpectedAndCaptured() throws Exception {
    try (Ca ca = cluster.start();
        TestNode a = node(ca, "node-a");
        TestNode b = node(ca, "node-b")) {
      var watchA = a.watch().awaitWhole();
      var watchB = b.watch().awaitWhole();
      assertThat(watchA.states()).isEqualTo(Map.of("web-1", EXPECTED, "echo-1", EXPECTED));
      assertThat(watchA.bundle().getTrustDomain()).isEqualTo("cluster.local");

      watchB.captured("echo-1");
      await().until(() -> watchA.states().get("echo-1") == CAPTURED);

      cluster.pod("web-2", "web", "node-a", "10.1.0.2");
      await().until(() -> watchB.states().containsKey("web-2"));

      assertThat(b.withdraw("echo-1")).isTrue();
      await().until(() -> !watchA.states().containsKey("echo-1"));
    }
  }

  @Test
  void keepsRootAndCapturedPodsOverARestart() throws Exception {
    byte[] bundle;
    try (Ca ca = cluster.start();
        TestNode b = node(ca, "node-b")) {
      bundle = Files.readAllBytes(cluster.bundle());
      var watch = b.watch().awaitWhole();
      watch.captured("echo-1");
      await().until(() -> watch.states().get("echo-1") == CAPTURED);
    }
    try (Ca ca = cluster.start();
        TestNode a = node(ca, "node-a")) {
      assertThat(Files.readAllBytes(cluster.bundle())).isEqualTo(bundle);
      assertThat(a.watch().awaitWhole().states())
          .isEqualTo(Map.of("web-1", EXPECTED, "echo-1", CAPTURED));
    }
  }
}
