package io.weftmesh.redirector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  @Test
  void findsTheHostWhereTheNodesProcessesAreShown() {
    Settings settings =
        Settings.parse(words("--socket /run/weft.sock --allow-uid 65532 --proc /host/proc"));

    assertThat(settings)
        .isEqualTo(
            new Settings(
                Path.of("/run/weft.sock"),
                65532,
                null,
                Path.of("/host/proc/1/ns/net"),
                Path.of("/host/proc")));
  }

  @Test
  void takesEveryOption() {
    Settings settings =
        Settings.parse(
            words("--socket s --allow-uid 0 --netns-dir /run/netns --host-netns /run/netns/node"));

    assertThat(settings.namespaceDirectory()).isEqualTo(Path.of("/run/netns"));
    assertThat(settings.hostNamespace()).isEqualTo(Path.of("/run/netns/node"));
  }

  @ParameterizedTest
  @CsvSource({
    "'--socket s', --socket and --allow-uid are required",
    "'--allow-uid 1', --socket and --allow-uid are required",
    "'--socket s --allow-uid root', expected the number of a user",
    "'--socket s --allow-uid -1', expected the number of a user",
    "'--socket s --allow-uid', --allow-uid has no value",
    "'--socket s --allow-uid 1 --colour red', no option --colour",
  })
  void saysWhatIsWrongInOneLine(String line, String complaint) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Settings.parse(words(line)))
        .withMessageContaining(complaint);
  }

  private static String[] words(String line) {
    return line.split(" ", -1);
  }
}
