package io.weftmesh.ca.server.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weftmesh.ca.server.TestClock;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestPodsTest {
  private static final String NAMESPACE =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {weftmesh.io/mesh: enabled}}
      ---
      """;

  @TempDir private Path folder;
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();

  private final TestClock clock = new TestClock(Instant.parse("2026-03-01T12:00:00Z"));

  @AfterEach
  void stop() {
    scheduler.shutdownNow();
  }

  private static String pod(String name, String metadata, String spec, String status) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: shop, uid: uid-%s%s}
    spec: {nodeName: node-a%s}
    status: {phase: Running%s}
    ---
    """
        .formatted(name, name, metadata, spec, status);
  }

  private ManifestPods follow() throws IOException {
    return ManifestPods.follow(folder, scheduler, clock);
  }

  private void write(String yaml) throws Exception {
    Files.writeString(folder.resolve("all.yaml"), yaml);
  }

  @Test
  void readsWhatTheCaNeedsOfAPod() throws Exception {
    write(
        NAMESPACE
            + pod(
                "web",
                ", creationTimestamp: 2026-03-01T12:00:00Z",
                ", serviceAccountName: web",
                ", podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]")
            + pod("host", "", ", hostNetwork: true", ", podIP: 10.9.9.9")
            + pod("out", ", labels: {weftmesh.io/mesh: disabled}", "", "")
            + pod("job", "", "", "").replace("Running", "Succeeded"));
    try (ManifestPods pods = follow()) {
      Pods now = pods.current();
      assertThat(now.complete()).isTrue();
      assertThat(now.byUid("uid-web"))
          .isEqualTo(
              new Pod(
                  "uid-web",
                  "shop",
                  "web",
                  "web",
                  "node-a",
                  List.of(InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("fd00::1")),
                  true,
                  false,
                  Instant.parse("2026-03-01T12:00:00Z")));
      assertThat(now.byUid("uid-host"))
          .matches(pod -> !pod.optedIn() && pod.addresses().isEmpty())
          .extracting(Pod::serviceAccount)
          .isEqualTo("default");
      assertThat(now.byUid("uid-out").optedIn()).isFalse();
      assertThat(now.byUid("uid-job").ended()).isTrue();
      assertThat(now.onNode("node-a")).hasSize(4);
      assertThat(now.onNode("node-b")).isEmpty();
    }
  }

  @Test
  void followsChangesWithinASecond() throws Exception {
    write(NAMESPACE + pod("web", "", "", ""));
    AtomicReference<Pods> seen = new AtomicReference<>();
    try (ManifestPods pods = follow()) {
      pods.onPods(seen::set);
      assertThat(seen.get().byUid("uid-web").optedIn()).isTrue();
      write(NAMESPACE.replace("enabled", "disabled") + pod("web", "", "", ""));
      await().atMost(Duration.ofSeconds(5)).until(() -> !seen.get().byUid("uid-web").optedIn());
    }
  }

  @Test
  void aFileThatIsBrokenFromTheStartMakesTheListIncomplete() throws Exception {
    write(NAMESPACE + pod("web", "", "", ", podIP: 10.0.0.300"));
    try (ManifestPods pods = follow()) {
      assertThat(pods.current().complete()).isFalse();
      write(NAMESPACE + pod("web", "", "", ""));
      await().until(() -> pods.current().complete());
      assertThat(pods.current().all()).hasSize(1);
    }
  }

  @Test
  void knowsThoseLabelsThatAShiftAsksFor() throws Exception {
    write(NAMESPACE + pod("web", ", labels: {version: v1, app: web, 'bad key': x}", "", ""));
    try (ManifestPods pods = follow()) {
      assertThat(pods.current().labelKeys()).isEmpty();
      assertThat(pods.current().byUid("uid-web").labels()).isEmpty();

      Files.writeString(
          folder.resolve("shift.yaml"),
          """
          apiVersion: policy.weftmesh.io/v1alpha1
          kind: TrafficShift
          metadata: {name: web, namespace: shop}
          spec: {service: web, backends: [{labels: {version: v1, track: stable}, weight: 1}]}
          """);
      await().until(() -> pods.current().labelKeys().equals(Set.of("version", "track")));
      assertThat(pods.current().byUid("uid-web").labels()).isEqualTo(Map.of("version", "v1"));

      write(NAMESPACE + pod("web", ", labels: {version: v2, app: web}", "", ""));
      await().until(() -> pods.current().byUid("uid-web").labels().equals(Map.of("version", "v2")));
    }
  }
}
