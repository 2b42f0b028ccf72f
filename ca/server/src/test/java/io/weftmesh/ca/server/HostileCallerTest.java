package io.weftmesh.ca.server;

import static io.weftmesh.ca.v1.WorkloadState.EXPECTED;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.weftmesh.ca.server.signing.CertificateRequests;
import io.weftmesh.ca.v1.Ack;
import io.weftmesh.ca.v1.NodeMessage;
import io.weftmesh.ca.v1.Open;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Callers that want what they may not have: refused with one text, counted by reason. */
class HostileCallerTest {
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";
  private static final String ECHO = "spiffe://cluster.local/ns/shop/sa/echo";

  @TempDir private Path folder;
  private TestCluster cluster;
  private Ca ca;

  @BeforeEach
  void twoNodes() throws Exception {
    cluster = new TestCluster(folder);
    cluster.node("node-a");
    cluster.node("node-b");
    cluster.pod("web-1", "web", "node-a", "10.1.0.1");
    cluster.pod("echo-1", "echo", "node-b", "10.2.0.1");
    ca = cluster.start();
  }

  @AfterEach
  void stop() {
    ca.close();
  }

  private TestNode with(Supplier<String> token) throws Exception {
    return new TestNode(ca.port(), cluster.bundle(), token);
  }

  private TestNode nodeA() throws Exception {
    return with(() -> cluster.token("node-a"));
  }

  private double refusals(String reason) throws Exception {
    String series = "weft_ca_refusals_total{reason=\"" + reason + "\",}";
    try (InputStream metrics =
        URI.create("http://127.0.0.1:" + ca.adminPort() + "/metrics").toURL().openStream()) {
      return new String(metrics.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> line.startsWith(series))
          .mapToDouble(line -> Double.parseDouble(line.substring(series.length())))
          .sum();
    }
  }

  private void assertDenied(String reason, ThrowingCallable call) throws Exception {
    double before = refusals(reason);
    assertThatThrownBy(call)
        .asInstanceOf(type(StatusRuntimeException.class))
        .satisfies(e -> {
          assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
          assertThat(e.getStatus().getDescription()).isEqualTo("denied");
        });
    assertThat(refusals(reason)).isEqualTo(before + 1);
  }

  @Test
  void anIdentityThatIsNotOnTheNodeIsRefused() throws Exception {
    try (TestNode node = nodeA()) {
      assertDenied("identity_not_on_node", () -> node.sign(ECHO));
      assertDenied(
          "identity_not_on_node",
          () -> node.sign("spiffe://cluster.local/ns/weft-system/sa/weft-ca"));
      assertDenied(
          "identity_trust_domain", () -> node.sign("spiffe://evil.example/ns/shop/sa/web"));
      assertDenied("identity_malformed", () -> node.sign("spiffe://cluster.local/ns/shop/sa/../x"));
      assertThat(node.sign(WEB).getChainCount()).isEqualTo(1);
    }
  }

  @Test
  void aTokenThatWasChangedOrIsNotForUsIsRefused() throws Exception {
    Date past = Date.from(cluster.clock.instant().minusSeconds(1));
    Map<String, JWTClaimsSet> tokens = new HashMap<>();
    tokens.put("token_expired", cluster.claims("node-a").expirationTime(past).build());
    tokens.put("token_audience", cluster.claims("node-a").audience("weft-other").build());
    tokens.put("token_issuer", cluster.claims("node-a").issuer("https://evil.example").build());
    for (Map.Entry<String, JWTClaimsSet> token : tokens.entrySet()) {
      try (TestNode node = with(() -> cluster.sign(token.getValue()))) {
        assertDenied(token.getKey(), () -> node.sign(WEB));
      }
    }
    try (TestNode node = with(() -> new PlainJWT(cluster.claims("node-a").build()).serialize())) {
      assertDenied("token_algorithm", () -> node.sign(WEB));
    }
    ECKey forger = new ECKeyGenerator(Curve.P_256).keyID("cluster").generate();
    try (TestNode node = with(() -> TestCluster.sign(cluster.claims("node-a").build(), forger))) {
      assertDenied("token_signature", () -> node.sign(WEB));
      assertDenied("token_signature", () -> node.withdraw("web-1"));
      TestNode.Watch watch = node.watch();
      await().until(() -> watch.status() != null);
      assertThat(watch.status().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    }
    try (TestNode node = with(() -> "garbage")) {
      assertDenied("token_malformed", () -> node.sign(WEB));
    }
  }

  @Test
  void aStolenTokenOfAnotherNodeGivesOnlyWhatIsOnThatNode() throws Exception {
    try (TestNode thief = with(() -> cluster.token("node-b"))) {
      assertDenied("identity_not_on_node", () -> thief.sign(WEB));
      assertDenied("pod_of_other_node", () -> thief.withdraw("web-1"));
    }
    JWTClaimsSet mixed =
        cluster
            .claims("node-a")
            .claim(
                "kubernetes.io",
                Map.of(
                    "namespace", "weft-system",
                    "node", Map.of("name", "node-a"),
                    "pod", Map.of("uid", "proxy-node-b"),
                    "serviceaccount", Map.of("name", "weft-node-proxy")))
            .build();
    try (TestNode liar = with(() -> cluster.sign(mixed))) {
      assertDenied("caller_node_mismatch", () -> liar.sign(WEB));
    }
  }

  @Test
  void anApplicationsOwnTokenIsRefused() throws Exception {
    JWTClaimsSet application =
        cluster
            .claims("node-a")
            .subject("system:serviceaccount:shop:web")
            .claim(
                "kubernetes.io",
                Map.of(
                    "namespace", "shop",
                    "node", Map.of("name", "node-a"),
                    "pod", Map.of("uid", "web-1"),
                    "serviceaccount", Map.of("name", "web")))
            .build();
    try (TestNode pod = with(() -> cluster.sign(application))) {
      assertDenied("service_account_not_allowed", () -> pod.sign(WEB));
    }
  }

  @Test
  void aTokenIsNoGoodOnceItsPodIsGone() throws Exception {
    try (TestNode node = nodeA()) {
      TestNode.Watch watch = node.watch().awaitWhole();
      cluster.removePod("proxy-node-a");
      await().until(() -> watch.status() != null);
      assertThat(watch.status().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertDenied("caller_pod_gone", () -> node.sign(WEB));
    }
  }

  @Test
  void anIdentityIsNotSignedAgainOnceItsPodIsGone() throws Exception {
    try (TestNode node = nodeA()) {
      TestNode.Watch watch = node.watch().awaitWhole();
      node.sign(WEB);
      cluster.removePod("web-1");
      await().until(() -> !watch.workloads().containsKey("web-1"));
      assertDenied("identity_not_on_node", () -> node.sign(WEB));
    }
  }

  @Test
  void aPendingPodHasItsIdentityAlready() throws Exception {
    cluster.pod("new-1", "shop", "new", "node-a", "", "Pending", "");
    try (TestNode node = nodeA()) {
      TestNode.Watch watch = node.watch();
      await().until(() -> watch.workloads().containsKey("new-1"));
      assertThat(node.sign("spiffe://cluster.local/ns/shop/sa/new").getChainCount()).isEqualTo(1);
    }
  }

  @Test
  void aBadRequestIsRefusedWithItsReason() throws Exception {
    try (TestNode node = nodeA()) {
      for (byte[] csr : List.of(new byte[0], new byte[5000], "hello".getBytes(UTF_8))) {
        assertThatThrownBy(() -> node.sign(WEB, csr))
            .asInstanceOf(type(StatusRuntimeException.class))
            .extracting(e -> e.getStatus().getCode())
            .isEqualTo(Status.Code.INVALID_ARGUMENT);
      }
      assertThat(refusals("bad_csr")).isEqualTo(3);
      assertThatThrownBy(() -> node.sign(WEB, new byte[1 << 20]))
          .asInstanceOf(type(StatusRuntimeException.class))
          .extracting(e -> e.getStatus().getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(node.sign(WEB).getChainCount()).isEqualTo(1);
    }
  }

  @Test
  void aFloodOfOneNodeIsCutAndDoesNotTouchAnother() throws Exception {
    byte[] csr = CertificateRequests.p256();
    try (TestNode flood = nodeA();
        TestNode other = with(() -> cluster.token("node-b"))) {
      Status.Code refused = null;
      for (int i = 0; i < 1000 && refused == null; i++) {
        try {
          flood.sign(ECHO, csr);
        } catch (StatusRuntimeException e) {
          Status.Code code = e.getStatus().getCode();
          refused = code == Status.Code.PERMISSION_DENIED ? null : code;
        }
      }
      assertThat(refused).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(other.sign(ECHO).getChainCount()).isEqualTo(1);
      cluster.clock.advance(Duration.ofSeconds(1));
      assertThat(flood.sign(WEB).getChainCount()).isEqualTo(1);
    }
  }

  @Test
  void aNodeIsNotBelievedAboutPodsOfAnother() throws Exception {
    try (TestNode node = nodeA()) {
      TestNode.Watch watch = node.watch().awaitWhole();
      watch.captured("echo-1");
      watch.captured("web-1");
      await().until(() -> watch.states().get("web-1") != EXPECTED);
      assertThat(watch.states()).containsEntry("echo-1", EXPECTED);
    }
  }

  @Test
  void aStreamThatDoesNotBeginWithOpenIsEnded() throws Exception {
    try (TestNode node = nodeA()) {
      TestNode.Watch twice = node.watch().awaitWhole();
      twice.send(NodeMessage.newBuilder().setOpen(Open.getDefaultInstance()).build());
      await().until(() -> twice.status() != null);
      assertThat(twice.status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);

      TestNode.Watch nameless = node.watch("", 0, 0);
      await().until(() -> nameless.status() != null);
      assertThat(nameless.status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);

      TestNode.Watch acknowledger =
          node.watchBeginningWith(
              NodeMessage.newBuilder().setAck(Ack.getDefaultInstance()).build());
      await().until(() -> acknowledger.status() != null);
      assertThat(acknowledger.status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }
}
