package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorReasonTest {

  @ParameterizedTest
  @EnumSource
  void everyReasonIsDocumentedWithItsStatus(ErrorReason reason) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("../docs/errors.md"))) {
      assertThat(lines)
          .filteredOn(line -> line.startsWith("| `" + reason.word() + "` | " + reason.status()))
          .hasSize(1);
    }
  }
}
