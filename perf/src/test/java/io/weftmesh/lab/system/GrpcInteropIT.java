package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.PodTemplate;
import io.weftmesh.lab.cluster.ServiceTemplate;
import io.weftmesh.lab.host.Command;
import io.weftmesh.lab.host.Wait;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * gRPC's own interop cases through the mesh, from one node to the other: grpc-go and grpc-java,
 * each as client and as server.
 */
@MeshTest
class GrpcInteropIT {
  private static final List<String> CASES =
      List.of(
          "empty_unary",
          "large_unary",
          "client_streaming",
          "server_streaming",
          "ping_pong",
          "empty_stream",
          "cancel_after_begin",
          "cancel_after_first_response",
          "timeout_on_sleeping_server",
          "custom_metadata",
          "status_code_and_message",
          "special_status_message",
          "unimplemented_method",
          "unimplemented_service");

  @BeforeAll
  static void startServers(Lab lab, Mesh mesh) throws IOException {
    lab.apply(Pods.meshed("in"), Pods.client("in/client", "node-1"));
    for (InteropPrograms each : InteropPrograms.values()) {
      each.install();
      lab.apply(server(each), service(each));
      mesh.awaitCaptured(lab.pod("in/client"), lab.pod("in/" + each.label()));
      Wait.until(
          () -> run(lab, InteropPrograms.GO, each, "empty_unary").status() == 0,
          each + "'s server");
    }
  }

  static Stream<Arguments> cases() {
    return Stream.of(InteropPrograms.values())
        .flatMap(client ->
            Stream.of(InteropPrograms.values())
                .flatMap(server -> CASES.stream().map(name -> Arguments.of(client, server, name))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theCaseSucceeds(InteropPrograms client, InteropPrograms server, String name, Lab lab) {
    Command.Result result = run(lab, client, server, name);
    assertThat(result.status()).as("%s%s", result.output(), result.errors()).isZero();
  }

  private static Manifest server(InteropPrograms of) {
    return PodTemplate.named("in/" + of.label())
        .on("node-2")
        .label("app", of.label())
        .serviceAccount(of.label())
        .program("server", of.server())
        .build();
  }

  private static Manifest service(InteropPrograms of) {
    return ServiceTemplate.named("in/" + of.label())
        .selecting("app", of.label())
        .port("grpc", InteropPrograms.PORT, InteropPrograms.PORT)
        .build();
  }

  private static Command.Result run(
      Lab lab, InteropPrograms client, InteropPrograms server, String name) {
    List<String> words = new ArrayList<>(List.of("timeout", "30"));
    words.addAll(client.client());
    words.add("--server_host=" + lab.service("in/" + server.label()));
    words.add("--server_port=" + InteropPrograms.PORT);
    words.add("--test_case=" + name);
    return lab.pod("in/client").command(words.toArray(String[]::new)).runAnyway();
  }
}
