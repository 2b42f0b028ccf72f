package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.GrpcConnection;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The rows of Gateway API's mesh profile for {@code GRPCRoute}, with real calls. */
@MeshTest
class GrpcConformanceIT {
  private static final String UNARY = "weft.lab.Echo/Unary";
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final int CALLS = 500;
  private static final int AT_ONCE = 20;

  private static List<ObjectKey> applied = List.of();

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    ConformanceFixture.apply(lab, mesh);
  }

  @AfterEach
  void deleteRoutes(Lab lab) {
    lab.delete(applied);
    applied = List.of();
  }

  @Test
  void callsOfOneConnectionAreSharedOutAsTheWeightsSay(Lab lab) throws Exception {
    route(
        lab,
        """
        rules:
          - backendRefs:
              - {name: echo-v1, port: 7070, weight: 70}
              - {name: echo-v2, port: 7070, weight: 30}
              - {name: nonexistent, port: 7070, weight: 0}
        """);
    new InARow()
        .holds(() -> {
          try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
            List<String> versions = versionsOf(connection);
            assertThat(versions).hasSize(CALLS).containsOnly("v1", "v2");
            assertThat((double) Collections.frequency(versions, "v1") / CALLS)
                .isCloseTo(0.7, within(0.05));
            assertThat(connection.opened()).as("connections").isEqualTo(1);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"mesh/echo-v1", "consumer/echo-v1"})
  void headersAreChangedAsTheRuleSaysThatTheHeadersChose(String client, Lab lab)
      throws IOException {
    route(
        lab,
        """
        rules:
          - matches: [{headers: [{name: change, value: set}]}]
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Header-Set, value: new}]}}]
            backendRefs: [{name: echo-v1, port: 7070}]
          - matches: [{headers: [{name: change, value: add}]}]
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: X-Header-Add, value: new}]}}]
            backendRefs: [{name: echo-v1, port: 7070}]
          - matches: [{headers: [{name: change, value: remove}]}]
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [X-Header-Remove]}}]
            backendRefs: [{name: echo-v2, port: 7070}]
          - matches: [{headers: [{name: change, value: all}]}]
            filters:
              - type: RequestHeaderModifier
                requestHeaderModifier:
                  set: [{name: x-header-set, value: new}]
                  add: [{name: x-header-add, value: new}]
                  remove: [X-HEADER-REMOVE]
            backendRefs: [{name: echo-v2, port: 7070}]
        """);
    Map<String, String> sent =
        Map.of("x-header-set", "old", "x-header-add", "old", "x-header-remove", "old");
    InARow inARow = new InARow();
    try (GrpcConnection connection = connect(lab, client, "echo")) {
      inARow.holds(() ->
          assertThat(change(connection, "set", Map.of()))
              .containsEntry("version", "v1")
              .containsEntry("x-header-set", "new"));
      inARow.holds(() ->
          assertThat(change(connection, "set", sent))
              .containsEntry("x-header-set", "new")
              .containsEntry("x-header-add", "old"));
      inARow.holds(() ->
          assertThat(change(connection, "add", sent)).containsEntry("x-header-add", "old,new"));
      inARow.holds(() ->
          assertThat(change(connection, "remove", sent))
              .containsEntry("version", "v2")
              .doesNotContainKey("x-header-remove"));
      inARow.holds(() ->
          assertThat(change(connection, "all", sent))
              .containsEntry("x-header-set", "new")
              .containsEntry("x-header-add", "old,new")
              .doesNotContainKey("x-header-remove"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "weft.lab.Echo/Whole, v1",
    "weft.lab.Echo/Other, v2",
    "weft.lab.Another/Method, v1",
    "weft.lab.Regular12/Expression, v2",
  })
  void methodsAreMatched(String method, String version, Lab lab) throws IOException {
    route(
        lab,
        """
        rules:
          - matches: [{method: {service: weft.lab.Echo, method: Whole}}, {method: {method: Method}}]
            backendRefs: [{name: echo-v1, port: 7070}]
          - matches: [{method: {service: weft.lab.Echo}}]
            backendRefs: [{name: echo-v2, port: 7070}]
          - matches: [{method: {type: RegularExpression, service: 'weft\\.lab\\.Regular[0-9]+', method: 'Expr.*'}}]
            backendRefs: [{name: echo-v2, port: 7070}]
        """);
    try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
      InARow inARow = new InARow();
      inARow.holds(() ->
          failsWith(connection, "weft.lab.Unmatched/Call", Status.Code.UNIMPLEMENTED, "no_route"));
      inARow.holds(() ->
          assertThat(call(connection, method, "", Map.of()))
              .containsEntry("version", version)
              .containsEntry("method", method));
    }
  }

  @ParameterizedTest
  @CsvSource({"nonexistent, unresolvable_backend", "unready, no_endpoint"})
  void withoutABackendACallIsUnavailable(String backend, String reason, Lab lab)
      throws IOException {
    route(lab, "rules: [{backendRefs: [{name: " + backend + ", port: 7070}]}]");
    try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
      new InARow().holds(() -> failsWith(connection, UNARY, Status.Code.UNAVAILABLE, reason));
    }
  }

  @Test
  void aCallThatTakesLongerThanTheRouteAllowsIsPastItsDeadline(Lab lab) throws IOException {
    apply(lab, "HTTPRoute", "rules: [{timeouts: {request: 200ms}}]");
    try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
      new InARow()
          .holds(() -> {
            StatusRuntimeException failure =
                failure(() -> call(connection, UNARY, "delay=3000", Map.of()));
            assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(reason(failure)).isEqualTo("timeout");
          });
    }
  }

  @Test
  void statusAndMessageOfTheApplicationArePassedOn(Lab lab) throws IOException {
    route(lab, "rules: [{backendRefs: [{name: echo-v2, port: 7070}]}]");
    try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
      new InARow()
          .holds(() -> {
            StatusRuntimeException failure =
                failure(() -> call(connection, UNARY, "status=9&message=t%C3%B6o%0A%25", Map.of()));
            assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(failure.getStatus().getDescription()).isEqualTo("töo\n%");
            assertThat(reason(failure)).isNull();
          });
    }
  }

  @Test
  void ofTwoKindsOnOnePortTheGrpcRouteCounts(Lab lab) throws IOException {
    List<Manifest> routes =
        List.of(
            manifest("HTTPRoute", "rules: [{backendRefs: [{name: echo-v1, port: 7070}]}]"),
            manifest(
                "GRPCRoute",
                """
                rules:
                  - matches: [{method: {service: weft.lab.Echo}}]
                    backendRefs: [{name: echo-v2, port: 7070}]
                """));
    applied = routes.stream().map(Manifest::key).toList();
    lab.apply(routes);
    try (GrpcConnection connection = connect(lab, "mesh/echo-v1", "echo")) {
      InARow inARow = new InARow();
      inARow.holds(
          () -> assertThat(call(connection, UNARY, "", Map.of())).containsEntry("version", "v2"));
      inARow.holds(() ->
          failsWith(connection, "weft.lab.Other/Unary", Status.Code.UNIMPLEMENTED, "no_route"));
    }
  }

  private static void route(Lab lab, String rules) {
    apply(lab, "GRPCRoute", rules);
  }

  private static void apply(Lab lab, String kind, String rules) {
    Manifest route = manifest(kind, rules);
    applied = List.of(route.key());
    lab.apply(route);
  }

  private static Manifest manifest(String kind, String rules) {
    return Manifest.parse(
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: %s
        metadata:
          name: calls
          namespace: mesh
        spec:
          parentRefs: [{kind: Service, group: "", name: echo, port: 7070}]
        %s\
        """
            .formatted(kind, rules.indent(2)));
  }

  private static GrpcConnection connect(Lab lab, String client, String service) {
    return GrpcConnection.open(
        lab.pod(client).namespace(), lab.service("mesh/" + service), Pods.GRPC, service + ":7070");
  }

  private static Map<String, String> change(
      GrpcConnection connection, String which, Map<String, String> more) {
    Map<String, String> metadata = new TreeMap<>(more);
    metadata.put("change", which);
    return call(connection, UNARY, "", metadata);
  }

  /** What the application says of the call: pod, version, method, and all metadata by name. */
  private static Map<String, String> call(
      GrpcConnection connection, String method, String message, Map<String, String> metadata) {
    try {
      return said(connection.unary(method, message, metadata, DEADLINE));
    } catch (StatusRuntimeException e) {
      throw new AssertionError(method + " failed: " + e + ", " + reason(e), e);
    }
  }

  private static Map<String, String> said(String answer) {
    Map<?, ?> echo = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(answer);
    Map<String, String> said = new TreeMap<>();
    for (Object entry : (List<?>) echo.get("metadata")) {
      List<?> header = (List<?>) entry;
      said.put((String) header.get(0), (String) header.get(1));
    }
    for (String field : List.of("pod", "version", "method")) {
      said.put(field, (String) echo.get(field));
    }
    return said;
  }

  private static List<String> versionsOf(GrpcConnection connection) throws IOException {
    List<String> versions = new ArrayList<>();
    Callable<String> one = () -> call(connection, UNARY, "", Map.of()).get("version");
    try (ExecutorService callers =
        Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
      for (Future<String> call : callers.invokeAll(Collections.nCopies(CALLS, one))) {
        versions.add(call.get());
      }
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return versions;
  }

  private static void failsWith(
      GrpcConnection connection, String method, Status.Code code, String reason) {
    StatusRuntimeException failure = failure(() -> call(connection, method, "", Map.of()));
    assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(code);
    assertThat(reason(failure)).isEqualTo(reason);
  }

  private static StatusRuntimeException failure(Runnable call) {
    try {
      call.run();
    } catch (AssertionError e) {
      return (StatusRuntimeException) e.getCause();
    }
    throw new AssertionError("the call succeeded");
  }

  /** Why the proxy answered in the application's place, or null where it did not. */
  private static String reason(StatusRuntimeException failure) {
    Metadata trailers = failure.getTrailers();
    return trailers == null
        ? null
        : trailers.get(Metadata.Key.of("x-weft-error", Metadata.ASCII_STRING_MARSHALLER));
  }
}
