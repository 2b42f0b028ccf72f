package io.weftmesh.lab.system;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.mesh.Mesh;
import java.util.List;

/**
 * The pods and Services that Gateway API's own mesh tests begin with: two versions of an
 * application, a Service for each and one for both, and a client in another namespace. {@code
 * mesh/echo-v1} runs on the first node, the others on the second.
 */
final class ConformanceFixture {
  private ConformanceFixture() {}

  static void apply(Lab lab, Mesh mesh) {
    lab.apply(
        Pods.meshed("mesh"),
        Pods.meshed("consumer"),
        echo("mesh/echo-v1", "node-1", "v1"),
        echo("mesh/echo-v2", "node-2", "v2"),
        echo("consumer/echo-v1", "node-2", "other"),
        service("mesh/echo").selecting("app", "echo").build(),
        service("mesh/echo-v1").selecting("version", "v1").build(),
        service("mesh/echo-v2").selecting("version", "v2").build(),
        service("mesh/unready").selecting("version", "v3").build(),
        service("mesh/headless").selecting("version", "v1").headless().build(),
        service("consumer/echo-v1").selecting("version", "other").build());
    mesh.awaitCaptured(
        lab.pod("mesh/echo-v1"), lab.pod("mesh/echo-v2"), lab.pod("consumer/echo-v1"));
  }

  private static Manifest echo(String place, String node, String version) {
    return PodTemplate.named(place)
        .on(node)
        .label("app", "echo")
        .label("version", version)
        .serviceAccount(place.substring(place.indexOf('/') + 1))
        .app(
            List.of(
                "--http=" + Pods.HTTP,
                "--echo=" + Pods.ECHO,
                "--banner=" + Pods.BANNER,
                "--grpc=" + Pods.GRPC,
                "--version=" + version))
        .build();
  }

  private static ServiceTemplate service(String place) {
    return ServiceTemplate.named(place)
        .port("http", 80, Pods.HTTP)
        .port("http-alt", Pods.HTTP, Pods.HTTP)
        .port("detected", 81, Pods.HTTP)
        .port("tcp", 9090, Pods.ECHO)
        .port("tcp-banner", 9091, Pods.BANNER)
        .port("grpc", Pods.GRPC, Pods.GRPC);
  }
}
