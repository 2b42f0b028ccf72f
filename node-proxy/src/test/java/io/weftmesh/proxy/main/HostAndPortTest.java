package io.weftmesh.proxy.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostAndPortTest {
  @ParameterizedTest
  @CsvSource({
    "weft-ca.weft-system:15012, weft-ca.weft-system, 15012",
    "10.1.2.3:1, 10.1.2.3, 1",
    "[fd00::1]:65535, fd00::1, 65535",
    ":15020, '', 15020",
    "[::]:0, ::, 0",
  })
  void parsesAHostAndAPort(String text, String host, int port) {
    HostAndPort parsed = HostAndPort.parse(text);

    assertThat(parsed).isEqualTo(new HostAndPort(host, port));
    assertThat(HostAndPort.parse(parsed.toString())).isEqualTo(parsed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "host", "host:", "host:port", "host:-1", "host:65536", "fd00::1:80"})
  void refusesWhatIsNotOneAndNamesIt(String text) {
    assertThatThrownBy(() -> HostAndPort.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining("host:port");
  }

  @Test
  void listensOnEveryAddressWhenNoneIsGiven() {
    assertThat(HostAndPort.parse(":80").toListenAddress().getAddress().isAnyLocalAddress())
        .isTrue();
  }
}
