package io.weftmesh.lab.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.cluster.ObjectKey;
import io.weftmesh.lab.mesh.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gateway API's mesh profile, one folder of manifests: each file holds the routes of one case and,
 * in comments, the requests that are sent and what must come of them, see {@link RouteCheck}. Each
 * check must hold three times in a row within 30 s after the routes were applied, as the official
 * suite has it; and when they are deleted, the Service is as if it had no routes.
 */
@MeshTest
class RouteConformanceIT {
  private static final Path FOLDER = Path.of("src/test/resources/conformance");
  private static final String CHECK = "# check: ";

  private static List<ObjectKey> applied = List.of();

  /** One file. */
  record Case(String name, List<Manifest> routes, List<RouteCheck> checks) {
    static Case read(Path file) {
      try {
        String text = Files.readString(file);
        return new Case(
            file.getFileName().toString(),
            Manifest.parseAll(text),
            text.lines()
                .filter(line -> line.startsWith(CHECK))
                .map(line -> RouteCheck.parse(line.substring(CHECK.length())))
                .toList());
      } catch (IOException | RuntimeException e) {
        throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.sorted().map(Case::read).toList().stream();
    }
  }

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) {
    ConformanceFixture.apply(lab, mesh);
  }

  @AfterEach
  void deleteRoutes(Lab lab, Mesh mesh) throws IOException {
    lab.delete(applied);
    applied = List.of();
    InARow inARow = new InARow();
    for (String service : List.of("echo", "echo-v1", "echo-v2")) {
      for (String caller : List.of("mesh/echo-v1", "consumer/echo-v1")) {
        RouteCheck unrouted =
            RouteCheck.parse(
                caller + " GET http://" + service + "/x -> 200 path=/x ungot:x-header-set");
        inARow.holds(() -> check(unrouted, lab, mesh));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyCheckHoldsThreeTimesInARow(Case tested, Lab lab, Mesh mesh) throws IOException {
    assertThat(tested.checks()).isNotEmpty();
    applied = tested.routes().stream().map(Manifest::key).toList();
    lab.apply(tested.routes());

    InARow inARow = new InARow();
    for (RouteCheck check : tested.checks()) {
      inARow.holds(() -> check(check, lab, mesh));
    }
  }

  private static void check(RouteCheck check, Lab lab, Mesh mesh) throws IOException {
    HttpMessage answer = check.run(lab);
    if (!check.isToPod()) {
      Explained.agrees(check, answer, lab, mesh);
    }
  }
}
