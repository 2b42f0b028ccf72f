package io.weftmesh.redirector.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.weftmesh.redirector.linux.Sockets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
  @ParameterizedTest
  @CsvSource({
    "10.1.2.3/8, 10.0.0.0/8",
    "10.1.2.3, 10.1.2.3/32",
    "10.255.255.255/9, 10.128.0.0/9",
    "0.0.0.0/0, 0.0.0.0/0",
    "fd00:1:2:3::4/50, fd00:1:2:0:0:0:0:0/50",
    "::1, 0:0:0:0:0:0:0:1/128",
  })
  void readsABlockAndClearsWhatIsBehindItsPrefix(String text, String block) {
    assertThat(Cidr.parse(text)).hasToString(block).isEqualTo(Cidr.parse(block));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/8", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "a.b", "10.0.0.0/", "1/8/9"})
  void refusesWhatIsNoBlockInWordsForItsAuthor(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cidr.parse(text))
        .withMessageContaining("'" + text + "'")
        .withMessageContaining("expected for example");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "a/b", "a b", "a\nb", "a.b", "ü"})
  void refusesAUidThatCouldBeAPath(String uid) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PodRef(uid, "n", "p", List.of(), Exclusions.NONE))
        .withMessageContaining("pod uid");
  }

  @Test
  void boundsExclusions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Exclusions(List.of(65536), List.of(), List.of()))
        .withMessage("excluded inbound port is 65536, expected 1 to 65535");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Exclusions(List.of(), Collections.nCopies(65, 1), List.of()))
        .withMessageContaining("65 excluded outbound ports");
  }

  @Test
  void aDescriptorHasOneOwner() throws Exception {
    Descriptor taken = new Descriptor(Sockets.socket(Sockets.AF_INET, Sockets.SOCK_STREAM));
    Descriptor second = taken.duplicate();
    int number = taken.take();
    taken.close();
    assertThatIllegalStateException().isThrownBy(taken::number);
    assertThatIllegalStateException().isThrownBy(taken::take);

    assertThat(Sockets.option(number, Sockets.SOL_SOCKET, Sockets.SO_TYPE))
        .isEqualTo(Sockets.SOCK_STREAM);
    new Descriptor(number).close();
    second.close();
    second.close();
    assertThatIllegalStateException().isThrownBy(second::number);
  }
}
