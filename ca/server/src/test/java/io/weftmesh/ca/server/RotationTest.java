package io.weftmesh.ca.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.weftmesh.ca.api.InvalidSvidException;
import io.weftmesh.ca.api.SvidValidator;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.api.TrustBundles;
import io.weftmesh.ca.v1.SignResponse;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Rotations as an operator drives them, with nodes on real connections. */
class RotationTest {
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";

  @TempDir private Path folder;
  private TestCluster cluster;

  /** What a command answered, on either stream, and its exit status. */
  private record Answer(int status, String text) {}

  @BeforeEach
  void oneNode() throws Exception {
    cluster = new TestCluster(folder);
    cluster.node("node-a");
    cluster.pod("web-1", "web", "node-a", "10.1.0.1");
  }

  private TestNode node(Ca ca, Path bundle) throws Exception {
    return new TestNode(ca.port(), bundle, () -> cluster.token("node-a"));
  }

  private Answer rotate(String step) {
    StringWriter text = new StringWriter();
    String[] arguments = {"rotate", step, "--control=" + cluster.control()};
    CommandLine line = Main.commandLine(arguments);
    line.setOut(new PrintWriter(text, true)).setErr(new PrintWriter(text, true));
    return new Answer(line.execute(Main.withoutCommand(arguments)), text.toString());
  }

  private Path copyOfBundle(String name) throws Exception {
    return Files.copy(cluster.bundle(), folder.resolve(name));
  }

  private boolean verifies(SignResponse response, Path bundle) throws Exception {
    TrustBundle roots = TrustBundle.ofPem("cluster.local", 0, Files.readAllBytes(bundle));
    try {
      new SvidValidator(TrustBundles.of(roots), cluster.clock)
          .validate(response.getChainList().stream().map(ByteString::toByteArray).toList());
      return true;
    } catch (InvalidSvidException e) {
      return false;
    }
  }

  @Test
  void atEveryStepNodesVerifyTheCaAndOneAnother() throws Exception {
    Path before;
    try (Ca ca = cluster.start()) {
      before = copyOfBundle("before.pem");
      try (TestNode node = node(ca, before)) {
        TestNode.Watch watch = node.watch().awaitWhole();
        SignResponse oldLeaf = node.sign(WEB);

        watch.acknowledging(false);
        assertThat(rotate("prepare").status()).isZero();
        await().until(() -> watch.bundle().getVersion() == 2);
        assertThat(watch.bundle().getRootsCount()).isEqualTo(2);
        Answer refused = rotate("activate");
        assertThat(refused.status()).isEqualTo(3);
        assertThat(refused.text()).contains("node-a (at bundle 1)").hasLineCount(1);

        // A node that was away since before still gets in, and verifies what is signed.
        try (TestNode late = node(ca, before)) {
          assertThat(verifies(late.sign(WEB), before)).isTrue();
        }
        watch.acknowledge();
        await().until(() -> rotate("activate").status() == 0);
        Path both = copyOfBundle("both.pem");
        try (TestNode renewed = node(ca, both)) {
          SignResponse newLeaf = renewed.sign(WEB);
          assertThat(verifies(newLeaf, both)).isTrue();
          assertThat(verifies(newLeaf, before)).isFalse();
          assertThat(verifies(oldLeaf, both)).isTrue();
        }

        assertThat(rotate("retire").text()).contains("live until");
        cluster.clock.advance(Duration.ofHours(1));
        assertThat(rotate("retire").status()).isZero();
        await().until(() -> watch.bundle().getVersion() == 3);
        assertThat(watch.bundle().getRootsCount()).isEqualTo(1);
        assertThat(verifies(oldLeaf, cluster.bundle())).isFalse();
      }
    }
  }

  @Test
  void aRestartInTheMiddleForgetsNoNode() throws Exception {
    try (Ca ca = cluster.start();
        TestNode node = node(ca, cluster.bundle())) {
      node.watch().awaitWhole();
      node.sign(WEB);
      assertThat(rotate("prepare").status()).isZero();
    }
    try (Ca ca = cluster.start()) {
      Answer refused = rotate("activate");
      assertThat(refused.status()).isEqualTo(3);
      assertThat(refused.text()).contains("node-a (not connected");
      assertThat(rotate("status").text()).startsWith("prepared; bundle 2; active ");

      try (TestNode node = node(ca, cluster.bundle())) {
        node.watch().awaitWhole();
        await().until(() -> rotate("activate").status() == 0);
      }
    }
  }

  @Test
  void forceReachesConnectedNodesAtOnce() throws Exception {
    try (Ca ca = cluster.start()) {
      Path before = copyOfBundle("before.pem");
      try (TestNode node = node(ca, before)) {
        TestNode.Watch watch = node.watch().awaitWhole();
        SignResponse leaked = node.sign(WEB);
        assertThat(rotate("force").status()).isZero();

        await().until(() -> watch.bundle().getVersion() == 2);
        assertThat(watch.bundle().getRootsCount()).isEqualTo(1);
        assertThat(verifies(leaked, cluster.bundle())).isFalse();
        assertThat(verifies(node.sign(WEB), cluster.bundle())).isTrue();
      }
    }
  }

  @Test
  void saysWhenNoCaAnswers() {
    Answer answer = rotate("status");

    assertThat(answer.status()).isEqualTo(1);
    assertThat(answer.text()).contains("no answer").contains("is the ca running").hasLineCount(1);
  }

  @Test
  void saysWhichStepsThereAre() {
    Answer answer = rotate("sideways");

    assertThat(answer.status()).isEqualTo(2);
    assertThat(answer.text()).contains("sideways").hasLineCount(1);
  }
}
