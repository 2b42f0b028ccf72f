package io.weftmesh.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.1:8080, 10.0.0.1, 8080",
    "10.0.0.1:1, 10.0.0.1, 1",
    "255.255.255.255:65535, 255.255.255.255, 65535",
    "[fd00::1]:80, fd00:0:0:0:0:0:0:1, 80",
    "[FD00::1]:80, fd00:0:0:0:0:0:0:1, 80",
    "[::ffff:10.0.0.1]:80, 10.0.0.1, 80",
    "[1:2:3:4:5:6:7:8]:65535, 1:2:3:4:5:6:7:8, 65535",
  })
  void readsAnAddressAndAPort(String text, String address, int port) {
    InetSocketAddress parsed = Authority.parse(text);
    assertThat(parsed).isNotNull();
    assertThat(parsed.getAddress().getHostAddress()).isEqualTo(address);
    assertThat(parsed.getPort()).isEqualTo(port);
    assertThat(Authority.parse(Authority.format(parsed))).isEqualTo(parsed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        ":80",
        "10.0.0.1",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:00080",
        "10.0.0.1:65536",
        "10.0.0.1:99999999999",
        "10.0.0.1:-1",
        "10.0.0.1:+80",
        "10.0.0.1:8o",
        "10.0.0.1: 80",
        " 10.0.0.1:80",
        "10.0.1:80",
        "10.0.0.256:80",
        "0x0a.0.0.1:80",
        "010.0.0.1:80",
        "10.0.0.01:80",
        "[::ffff:10.0.0.01]:80",
        "167772161:80",
        "echo.shop.svc:80",
        "localhost:80",
        "user@10.0.0.1:80",
        "http://10.0.0.1:80",
        "fd00::1:80",
        "[fd00::1]",
        "[fd00::1]80",
        "[fd00::1:80",
        "fd00::1]:80",
        "[[fd00::1]]:80",
        "[fd00::1%eth0]:80",
        "[10.0.0.1]:80",
        "[]:80",
        "[fd00::1]:80:80",
        "10.0.0.1:\u0668\u0660",
      })
  void refusesEverythingElse(String text) {
    assertThat(Authority.parse(text)).isNull();
  }
}
