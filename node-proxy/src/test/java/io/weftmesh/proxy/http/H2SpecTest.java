package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every case of h2spec, the conformance tests of HTTP/2, against an application's side of the
 * proxy. Run where {@code -Dweft.h2spec} names the program, or says {@code install}: then Go
 * fetches and builds it, and it is kept under {@code target}.
 */
class H2SpecTest {
  private static final String PACKAGE = "github.com/summerwind/h2spec/cmd/h2spec";

  /** The Go module that pins it with all that it is built of, for as old a Go as Debian's. */
  private static final Path MODULE = Path.of("src", "test", "h2spec");

  private static final String PROGRAM = System.getProperty("weft.h2spec", "");
  private static final Path KEPT = Path.of("target", "h2spec").toAbsolutePath();

  @Test
  @Timeout(300)
  void everyCaseOfH2SpecPasses(@TempDir Path directory) throws Exception {
    assumeThat(PROGRAM).describedAs("-Dweft.h2spec").isNotEmpty();
    try (var proxy = new Http2Loopback()) {
      proxy.serve(proxy.server(new Http2Loopback.Hello()));
      Path report = directory.resolve("h2spec.txt");
      Process h2spec =
          new ProcessBuilder(
                  List.of(
                      program(),
                      "--host",
                      "127.0.0.1",
                      "--port",
                      Integer.toString(proxy.address.getPort()),
                      "--timeout",
                      "2"))
              .redirectErrorStream(true)
              .redirectOutput(report.toFile())
              .start();

      assertThat(h2spec.waitFor(100, TimeUnit.SECONDS)).isTrue();
      assertThat(report).content().contains(" tests, ").contains(", 0 failed");
    }
  }

  private static String program() throws Exception {
    if (!PROGRAM.equals("install")) {
      return PROGRAM;
    }
    Path program = KEPT.resolve("h2spec");
    if (!Files.isExecutable(program)) {
      Files.createDirectories(KEPT);
      var build =
          new ProcessBuilder("go", "build", "-o", program.toString(), PACKAGE)
              .directory(MODULE.toFile())
              .inheritIO();
      assertThat(build.start().waitFor()).describedAs("go build " + PACKAGE).isZero();
    }
    return program.toString();
  }
}
