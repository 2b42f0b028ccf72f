package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * TLS of the applications themselves, between OpenSSL's own client and servers: routed by the name
 * that the client asks for, and passed through unopened, so that it sees the server's certificate.
 */
@MeshTest
class TlsRouteIT {
  private static final int TLS = 8443;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh, @TempDir Path certificates) throws IOException {
    lab.apply(
        Pods.meshed("mesh"),
        Pods.client("mesh/client", "node-1"),
        server("a", "node-1", certificates),
        server("b", "node-2", certificates),
        service("tls").selecting("app", "tls").build(),
        service("tls-a").selecting("server", "a").build(),
        service("tls-b").selecting("server", "b").build(),
        Manifest.parse(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: TLSRoute
            metadata:
              name: by-name
              namespace: mesh
            spec:
              parentRefs: [{kind: Service, group: "", name: tls, port: 443}]
              hostnames: [a.example, b.example]
              rules: [{backendRefs: [{name: tls-a, port: 443}]}]
            """),
        Manifest.parse(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: TLSRoute
            metadata:
              name: by-wildcard
              namespace: mesh
            spec:
              parentRefs: [{kind: Service, group: "", name: tls, port: 443}]
              hostnames: ["*.b.example"]
              rules: [{backendRefs: [{name: tls-b, port: 443}]}]
            """));
    mesh.awaitCaptured(lab.pod("mesh/client"), lab.pod("mesh/a"), lab.pod("mesh/b"));
  }

  @ParameterizedTest
  @CsvSource({"a.example, a", "b.example, a", "x.b.example, b", "x.y.B.example, b"})
  void theServersOwnCertificateIsSeen(String name, String server, Lab lab) throws IOException {
    new InARow()
        .holds(() ->
            assertThat(handshake(lab, "-servername", name).output())
                .contains("subject=CN = server-" + server)
                .contains("Verification error: self-signed certificate"));
  }

  @Test
  void aNameThatNoRouteHasIsReset(Lab lab) throws IOException {
    new InARow()
        .holds(() -> {
          Command.Result result = handshake(lab, "-servername", "c.example");
          assertThat(result.status()).isNotZero();
          assertThat(result.output()).contains("no peer certificate available");
          assertThat(result.errors()).contains("errno=104");
        });
  }

  @Test
  void aClientThatAsksForNoNameIsReset(Lab lab) throws IOException {
    new InARow()
        .holds(() -> {
          Command.Result result = handshake(lab, "-noservername");
          assertThat(result.status()).isNotZero();
          assertThat(result.output()).contains("no peer certificate available");
        });
  }

  private static Command.Result handshake(Lab lab, String... name) {
    List<String> words =
        new ArrayList<>(List.of("timeout", "5", "openssl", "s_client", "-connect"));
    words.add(lab.service("mesh/tls") + ":443");
    words.addAll(List.of(name));
    return lab.pod("mesh/client").command(words.toArray(String[]::new)).runAnyway();
  }

  private static Manifest server(String name, String node, Path folder) {
    String certificate = folder.resolve(name + ".crt").toString();
    String key = folder.resolve(name + ".key").toString();
    Command.of(
            ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj"
                    + " /CN=server-"
                    + name
                    + " -keyout "
                    + key
                    + " -out "
                    + certificate)
                .split(" "))
        .run();
    return PodTemplate.named("mesh/" + name)
        .on(node)
        .label("app", "tls")
        .label("server", name)
        .serviceAccount("tls")
        .program(
            "s-server",
            List.of(
                "openssl",
                "s_server",
                "-accept",
                String.valueOf(TLS),
                "-cert",
                certificate,
                "-key",
                key,
                "-www"))
        .build();
  }

  private static ServiceTemplate service(String name) {
    return ServiceTemplate.named("mesh/" + name).port("tls", 443, TLS);
  }
}
