package io.weftmesh.ca.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.weftmesh.ca.server.pods.TestPods;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeAuthorizerTest {
  private static final ServiceAccount PROXY = new ServiceAccount("weft-system", "weft-node-proxy");
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";

  private final TestPods pods = new TestPods();
  private BoundToken token;
  private NodeAuthorizer authorizer;

  @BeforeEach
  void oneNodeWithOnePod() {
    pods.addProxy("node-a").addProxy("node-b").add("web-1", "web", "node-a", "10.0.0.1");
    token = new BoundToken(PROXY, "proxy-node-a", "node-a");
    authorizer = new NodeAuthorizer(text -> token, pods, Set.of(PROXY), "cluster.local");
  }

  private static void assertRefused(Refusal refusal, ThrowingCallable call) {
    assertThatThrownBy(call)
        .asInstanceOf(type(RefusedException.class))
        .extracting(RefusedException::refusal)
        .isEqualTo(refusal);
  }

  private NodeCaller caller() throws RefusedException {
    return authorizer.authenticate("token");
  }

  @Test
  void knowsTheNodeOfAProxyAndGivesItTheIdentitiesOfItsPods() throws Exception {
    assertThat(caller()).isEqualTo(new NodeCaller("node-a", "proxy-node-a"));
    assertThat(authorizer.authorize(caller(), WEB)).hasToString(WEB);
  }

  @Test
  void refusesOtherServiceAccounts() {
    token = new BoundToken(new ServiceAccount("shop", "web"), "web-1", "node-a");

    assertRefused(Refusal.SERVICE_ACCOUNT_NOT_ALLOWED, this::caller);
  }

  @Test
  void refusesATokenWhosePodIsGoneEndedOrAnother() {
    pods.end("proxy-node-a");
    assertRefused(Refusal.CALLER_POD_GONE, this::caller);
    pods.remove("proxy-node-a");
    assertRefused(Refusal.CALLER_POD_GONE, this::caller);
    token = new BoundToken(PROXY, "web-1", "node-a");
    assertRefused(Refusal.CALLER_POD_GONE, this::caller);
  }

  @Test
  void refusesATokenThatNamesAnotherNodeThanItsPodIsOn() {
    token = new BoundToken(PROXY, "proxy-node-b", "node-a");

    assertRefused(Refusal.CALLER_NODE_MISMATCH, this::caller);
  }

  @Test
  void refusesIdentitiesThatAreNotOnTheNode() throws Exception {
    NodeCaller nodeB = new NodeCaller("node-b", "proxy-node-b");

    assertRefused(Refusal.IDENTITY_NOT_ON_NODE, () -> authorizer.authorize(nodeB, WEB));
    for (String id :
        new String[] {
          "spiffe://cluster.local/ns/shop/sa/other",
          "spiffe://cluster.local/ns/other/sa/web",
          "spiffe://cluster.local/ns/weft-system/sa/weft-node-proxy",
          "spiffe://cluster.local/ns/weft-system/sa/weft-ca",
          "spiffe://cluster.local/ns/shop/sa/web/more",
          "spiffe://cluster.local"
        }) {
      assertRefused(Refusal.IDENTITY_NOT_ON_NODE, () -> authorizer.authorize(caller(), id));
    }
  }

  @Test
  void refusesAnIdentityOnceItsPodIsGoneEndedOrOptedOut() {
    pods.optIn("web-1", false);
    assertRefused(Refusal.IDENTITY_NOT_ON_NODE, () -> authorizer.authorize(caller(), WEB));
    pods.optIn("web-1", true).end("web-1");
    assertRefused(Refusal.IDENTITY_NOT_ON_NODE, () -> authorizer.authorize(caller(), WEB));
    pods.remove("web-1");
    assertRefused(Refusal.IDENTITY_NOT_ON_NODE, () -> authorizer.authorize(caller(), WEB));
  }

  @Test
  void refusesForeignTrustDomainsAndWhatIsNoIdentity() {
    assertRefused(
        Refusal.IDENTITY_TRUST_DOMAIN,
        () -> authorizer.authorize(caller(), "spiffe://evil.example/ns/shop/sa/web"));
    assertRefused(
        Refusal.IDENTITY_MALFORMED,
        () -> authorizer.authorize(caller(), "spiffe://CLUSTER.local/ns/shop/sa/web"));
    assertRefused(Refusal.IDENTITY_MALFORMED, () -> authorizer.authorize(caller(), ""));
  }

  @Test
  void aCallerIsThereAsLongAsItsPodIs() throws Exception {
    NodeCaller caller = caller();
    assertThat(authorizer.stillThere(caller)).isTrue();
    pods.remove("proxy-node-a");
    assertThat(authorizer.stillThere(caller)).isFalse();
  }
}
