package io.weftmesh.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weftmesh.lab.network.KubeProxy.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllersTest {
  private ManifestFolder folder;
  private Controllers controllers;

  @BeforeEach
  void makeCluster(@TempDir Path temporary) throws IOException {
    Path manifests = Files.createDirectory(temporary.resolve("manifests"));
    folder = new ManifestFolder(manifests, temporary.resolve("scratch"));
    controllers = new Controllers(folder, List.of("node-1", "node-2"));
  }

  @Test
  void podWithoutANodeGoesToTheEmptiestAndGetsAnAddressOfIt() {
    put(PodTemplate.named("shop/a").on("node-1").build());
    Manifest second = put(PodTemplate.named("shop/b").build());
    assertThat(second.text("spec", "nodeName")).contains("node-2");
    assertThat(second.text("status", "podIP")).contains("10.244.2.2");
    assertThat(second.text("status", "phase")).contains("Pending");
    assertThat(second.text("metadata", "uid")).isPresent();
  }

  @Test
  void podKeepsWhatItWasGivenWhenItIsAppliedAgain() {
    Manifest first = put(PodTemplate.named("shop/a").build());
    Manifest again =
        controllers.complete(PodTemplate.named("shop/a").label("new", "label").build());
    assertThat(again.at("status")).isEqualTo(first.at("status"));
    assertThat(again.at("metadata", "uid")).isEqualTo(first.at("metadata", "uid"));
    assertThat(again.at("spec", "nodeName")).isEqualTo(first.at("spec", "nodeName"));
  }

  @Test
  void addressOfADeletedPodIsNotGivenToTheNext() {
    Manifest first = put(PodTemplate.named("shop/a").on("node-1").build());
    folder.remove(first.key());
    assertThat(put(PodTemplate.named("shop/b").on("node-1").build()).text("status", "podIP"))
        .contains("10.244.1.3");
  }

  @Test
  void addressesComeBackWhenThePodsOfOneCommandAreDeleted() {
    for (int round = 0; round < 10; round++) {
      List<Manifest> pods = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        pods.add(controllers.complete(PodTemplate.named("shop/pod-" + i).on("node-1").build()));
      }
      pods.forEach(folder::put);
      controllers.syncEndpointSlices();
      pods.forEach(pod -> folder.remove(pod.key()));
    }
    assertThat(folder.all("Pod")).isEmpty();
  }

  @Test
  void unknownNodeIsRefusedByName() {
    assertThatThrownBy(() -> put(PodTemplate.named("shop/a").on("node-9").build()))
        .hasMessageContaining("node-9")
        .hasMessageContaining("node-1");
  }

  @Test
  void slicesFollowReadinessAndSelector() {
    put(ServiceTemplate.named("shop/echo").selecting("app", "echo").port("http", 80, 8080).build());
    Manifest pod = put(PodTemplate.named("shop/a").on("node-1").label("app", "echo").build());
    put(PodTemplate.named("shop/b").on("node-1").label("app", "other").build());
    controllers.syncEndpointSlices();
    assertThat(targets()).isEmpty();

    folder.put(PodTemplate.running(pod, true));
    controllers.syncEndpointSlices();
    assertThat(targets()).containsExactly(new Target("10.244.1.2", 8080));

    folder.remove(new ObjectKey("Service", "shop", "echo"));
    controllers.syncEndpointSlices();
    assertThat(folder.all("EndpointSlice")).isEmpty();
  }

  @Test
  void dualStackServiceHasAddressesAndSlicesOfBothFamilies() {
    Manifest service =
        put(
            ServiceTemplate.named("shop/echo")
                .selecting("app", "echo")
                .port("http", 80, 8080)
                .dualStack()
                .build());
    assertThat(service.texts("spec", "clusterIPs")).containsExactly("10.96.0.1", "fd77:96::1");
    controllers.syncEndpointSlices();
    assertThat(folder.all("EndpointSlice")).hasSize(2);
  }

  private List<Target> targets() {
    return ServiceAddresses.forwards(folder).getFirst().endpoints();
  }

  private Manifest put(Manifest object) {
    Manifest complete = controllers.complete(object);
    folder.put(complete);
    return complete;
  }
}
