package io.weftmesh.lab.system;

import io.weftmesh.lab.Pod;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import java.util.List;
import java.util.stream.Stream;

/** The objects that most tests begin with. */
final class Pods {
  /** The ports of {@link #server}. */
  static final int HTTP = 8080;

  static final int ECHO = 9000;
  static final int BANNER = 2525;
  static final int TRANSFER = 9001;

  /** Of the pods of {@link ConformanceFixture} alone. */
  static final int GRPC = 7070;

  private Pods() {}

  /** A namespace whose pods are in the mesh. */
  static Manifest meshed(String namespace) {
    return Manifest.parse(
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: %s
          labels:
            weftmesh.io/mesh: enabled
        """
            .formatted(namespace));
  }

  /** A namespace that nobody opted in. */
  static Manifest plain(String namespace) {
    return Manifest.parse(
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: %s
        """
            .formatted(namespace));
  }

  /** A pod without an application; its service account has its own name. */
  static Manifest client(String place, String node) {
    return PodTemplate.named(place).on(node).serviceAccount(name(place)).build();
  }

  /**
   * A pod that serves all protocols of the test application.
   *
   * @param app the label that Services select, and the service account
   */
  static Manifest server(String place, String node, String app, String... more) {
    return serverTemplate(place, node, app, more).build();
  }

  /** As {@link #server}, at the address of a pod that has ended. */
  static Manifest serverAt(Pod ended, String place, String app) {
    return serverTemplate(place, ended.node(), app)
        .address(ended.address(), ended.address6())
        .build();
  }

  private static PodTemplate serverTemplate(String place, String node, String app, String... more) {
    List<String> arguments =
        Stream.concat(
                Stream.of(
                    "--http=" + HTTP,
                    "--echo=" + ECHO,
                    "--banner=" + BANNER,
                    "--transfer=" + TRANSFER),
                Stream.of(more))
            .toList();
    return PodTemplate.named(place).on(node).label("app", app).serviceAccount(app).app(arguments);
  }

  /**
   * A Service in front of the {@link #server}s of one label. No port names its protocol, so that
   * all but {@code http} is left to detection.
   */
  static Manifest service(String place, String app) {
    return ServiceTemplate.named(place)
        .selecting("app", app)
        .port("http", 80, HTTP)
        .port("web", 81, HTTP)
        .port("echo", ECHO, ECHO)
        .port("banner", BANNER, BANNER)
        .port("transfer", TRANSFER, TRANSFER)
        .build();
  }

  /** Only identified clients may call the pods of a namespace. */
  static Manifest strict(String namespace) {
    return Manifest.parse(
        """
        apiVersion: policy.weftmesh.io/v1alpha1
        kind: MeshSecurity
        metadata:
          name: strict
          namespace: %s
        spec:
          mode: STRICT
        """
            .formatted(namespace));
  }

  private static String name(String place) {
    return place.substring(place.indexOf('/') + 1);
  }
}
