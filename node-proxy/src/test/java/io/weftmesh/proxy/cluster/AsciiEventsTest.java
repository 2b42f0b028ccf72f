package io.weftmesh.proxy.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AsciiEventsTest {
  @ParameterizedTest
  @CsvSource({
    "plain, plain",
    "M\u00fcller, M\\u00fcller",
    "\u5b57, \\u5b57",
    "a\ud83d\ude00b, a\\ud83d\\ude00b",
  })
  void writesCharactersAsEscapesHoweverTheyAreCut(String text, String expected) {
    byte[] bytes = text.getBytes(UTF_8);
    for (int cut = 0; cut <= bytes.length; cut++) {
      var escapes = new AsciiEvents.Escapes();
      List<ByteBuffer> escaped =
          escapes.escaped(
              List.of(
                  ByteBuffer.wrap(bytes, 0, cut), ByteBuffer.wrap(bytes, cut, bytes.length - cut)));

      assertThat(text(escaped)).isEqualTo(expected);
    }
  }

  private static String text(List<ByteBuffer> buffers) {
    StringBuilder text = new StringBuilder();
    buffers.forEach(buffer -> text.append(US_ASCII.decode(buffer.duplicate())));
    return text.toString();
  }
}
