package io.weftmesh.proxy.admin.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.proxy.cluster.FolderSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is said of backends that are subsets, by a folder of manifests as {@code explain} reads it.
 */
class SubsetExplanationTest {
  private static final String CLUSTER =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {weftmesh.io/mesh: enabled}}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: echo, namespace: shop}
      spec: {clusterIPs: [10.96.0.1], ports: [{name: http, port: 80}]}
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: echo-1, namespace: shop, labels: {kubernetes.io/service-name: echo}}
      addressType: IPv4
      ports: [{name: http, port: 8080}]
      endpoints:
      - {addresses: [10.1.0.1], targetRef: {kind: Pod, uid: one}}
      - {addresses: [10.1.0.2], targetRef: {kind: Pod, uid: two}}
      - {addresses: [10.1.0.3], targetRef: {kind: Pod, uid: three}}
      ---
      """;

  @TempDir private Path folder;

  @Test
  void namesTheSubsetsAndTheirEndpoints() throws IOException {
    Explanation explanation =
        explain(
            pod("one", 1, "app: echo, version: v1"),
            pod("two", 2, "app: echo, version: v2"),
            pod("three", 3, "app: echo, version: v1"),
            shift("{labels: {version: v1}, weight: 9}, {labels: {version: v2}, weight: 1}"));

    assertThat(explanation.toText())
        .contains("shop/echo:80[version=v1] weight 9 of 10 (90.0 %)")
        .contains("shop/echo:80[version=v2] has 1; chosen by")
        .contains("90.0 % shop/echo:80[version=v1] at 10.1.0.1:8080, 10.1.0.3:8080\n")
        .contains("10.0 % shop/echo:80[version=v2] at 10.1.0.2:8080");
  }

  @Test
  void saysOfAnEmptySubsetWhyNoEndpointBelongsToIt() throws IOException {
    Explanation explanation =
        explain(
            pod("one", 1, "version: v1, track: stable"),
            pod("two", 2, "app: echo"),
            pod("three", 3, "weftmesh.io/mesh: disabled, version: v2, track: canary"),
            shift("{labels: {version: v2, track: canary}, weight: 1}"));

    assertThat(explanation.outcome())
        .isEqualTo(new Outcome.Answered(503, Optional.of("no_endpoint"), Map.of()));
    assertThat(explanation.toText())
        .contains(
            "shop/echo:80[track=canary,version=v2] has none that is ready: 503; of those of"
                + " shop/echo:80 none has these labels")
        .contains("10.1.0.1:8080 has track=stable, has version=v1")
        .contains("10.1.0.2:8080 has no label track, has no label version")
        .contains("10.1.0.3:8080 has labels that nobody has told: it is not in the mesh");
  }

  private Explanation explain(String... objects) throws IOException {
    Files.writeString(folder.resolve("all.yaml"), CLUSTER + String.join("", objects));
    FolderSnapshot read = FolderSnapshot.read(folder, "node-1");
    assertThat(read.problems()).isEmpty();
    return new Explanations(
            read::snapshot,
            "cluster.local",
            endpoint -> "whatever",
            read.labels(),
            (backend, endpoints) -> List.of())
        .explain(
            Question.of(Map.of("from", List.of("shop/client"), "to", List.of("http://echo/"))));
  }

  private static String pod(String uid, int host, String labels) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: UID, namespace: shop, uid: UID, labels: {LABELS}}
    spec: {nodeName: node-1}
    status: {phase: Running, podIP: 10.1.0.HOST}
    ---
    """
        .replace("UID", uid)
        .replace("LABELS", labels)
        .replace("HOST", Integer.toString(host));
  }

  private static String shift(String backends) {
    return """
    apiVersion: policy.weftmesh.io/v1alpha1
    kind: TrafficShift
    metadata: {name: echo, namespace: shop}
    spec: {service: echo, backends: [BACKENDS]}
    """
        .replace("BACKENDS", backends);
  }
}
