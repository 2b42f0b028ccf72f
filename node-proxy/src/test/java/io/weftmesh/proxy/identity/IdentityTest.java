package io.weftmesh.proxy.identity;

import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.ca.api.TrustBundle;
import io.weftmesh.ca.fixtures.ManualControlThread;
import io.weftmesh.ca.fixtures.TestAuthority;
import io.weftmesh.proxy.telemetry.Metrics;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.AfterEach;

/** What the tests of this room share: a mesh of one ca and one node, whose time stands still. */
abstract class IdentityTest {
  static final SpiffeId CART = SpiffeId.workload("cluster.local", "shop", "cart");
  static final SpiffeId PAY = SpiffeId.workload("cluster.local", "shop", "pay");

  final ManualControlThread control = new ManualControlThread();
  final TestAuthority root = TestAuthority.root("cluster.local");
  final TestCa ca = new TestCa(root, control);
  final Trust trust = new Trust(bundle(0, root), control);
  final Metrics metrics = new Metrics();
  final IdentityMetrics identityMetrics = new IdentityMetrics(metrics);

  /** Jitter in the middle of its range. */
  final Identities identities = new Identities(ca, trust, control, identityMetrics, () -> 0.5);

  final TlsContexts contexts = new TlsContexts(identities, trust, identityMetrics);

  @AfterEach
  void close() {
    contexts.close();
    identities.close();
  }

  static TrustBundle bundle(long version, TestAuthority... roots) {
    return TestAuthority.bundle(version, roots);
  }

  String metricsText() {
    StringWriter text = new StringWriter();
    try {
      metrics.writeText(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
