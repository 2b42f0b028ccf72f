package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every case of h2spec, the conformance tests of HTTP/2, against an application's side of the
 * proxy. Run where {@code -Dweft.h2spec} names the program: {@code go install
 * github.com/summerwind/h2spec/cmd/h2spec@v2.2.1} makes it.
 */
class H2SpecTest {
  private static final String PROGRAM = System.getProperty("weft.h2spec", "");

  @Test
  @Timeout(120)
  void everyCaseOfH2SpecPasses(@TempDir Path directory) throws Exception {
    assumeThat(PROGRAM).describedAs("-Dweft.h2spec").isNotEmpty();
    try (var proxy = new Http2Loopback()) {
      proxy.serve(proxy.server(new Http2Loopback.Hello()));
      Path report = directory.resolve("h2spec.txt");
      Process h2spec =
          new ProcessBuilder(
                  List.of(
                      PROGRAM,
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
}
