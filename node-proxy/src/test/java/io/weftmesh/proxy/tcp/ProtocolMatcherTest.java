package io.weftmesh.proxy.tcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ProtocolMatcherTest {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final String CLIENT_HELLO = "\u0016\u0003\u0001\u0002\u0000\u0001";

  /** The bytes, what they are, and how many of them it takes to know. */
  static Stream<Arguments> firstBytes() {
    return Stream.of(
        Arguments.of("GET / HTTP/1.1\r\n", Protocol.HTTP1, 15),
        Arguments.of("GET / HTTP/1.0\n", Protocol.HTTP1, 15),
        Arguments.of("OPTIONS * HTTP/1.1\r\n", Protocol.HTTP1, 19),
        Arguments.of("CONNECT host:443 HTTP/1.1\r\n", Protocol.HTTP1, 26),
        Arguments.of("M-SEARCH http://x/?q=\u00e9 HTTP/1.1\r\n", Protocol.HTTP1, 32),
        Arguments.of("GET / HTTP/1.12\r\n", Protocol.OPAQUE, 15),
        Arguments.of("GET / HTTP/2.0\r\n", Protocol.OPAQUE, 12),
        Arguments.of("GET / http/1.1\r\n", Protocol.OPAQUE, 7),
        Arguments.of("GET /\r\n", Protocol.OPAQUE, 6),
        Arguments.of("GET k\r\n", Protocol.OPAQUE, 6),
        Arguments.of("get k\r\n", Protocol.OPAQUE, 6),
        Arguments.of("GET  / HTTP/1.1\r\n", Protocol.OPAQUE, 5),
        Arguments.of(" GET / HTTP/1.1\r\n", Protocol.OPAQUE, 1),
        Arguments.of("\r\nGET / HTTP/1.1\r\n", Protocol.OPAQUE, 1),
        Arguments.of("GET\t/ HTTP/1.1\r\n", Protocol.OPAQUE, 4),
        Arguments.of("GE(T / HTTP/1.1\r\n", Protocol.OPAQUE, 3),
        Arguments.of(PREFACE, Protocol.HTTP2, 24),
        Arguments.of("PRI * HTTP/2.0\r\n\r\nSX", Protocol.OPAQUE, 20),
        Arguments.of("PRI * HTTP/1.1\r\n", Protocol.HTTP1, 15),
        Arguments.of(CLIENT_HELLO, Protocol.TLS, 6),
        Arguments.of("\u0016\u0003\u0003@\u0000\u0001", Protocol.TLS, 6),
        Arguments.of("\u0016\u0003\u0003@\u0001\u0001", Protocol.OPAQUE, 5),
        Arguments.of("\u0016\u0003\u0003\u0000\u0000\u0001", Protocol.OPAQUE, 5),
        Arguments.of("\u0016\u0003\u0005", Protocol.OPAQUE, 3),
        Arguments.of("\u0016\u0002", Protocol.OPAQUE, 2),
        Arguments.of("\u0016\u0003\u0001\u0002\u0000\u0002", Protocol.OPAQUE, 6),
        Arguments.of("\u0017\u0003\u0003", Protocol.OPAQUE, 1),
        Arguments.of("*1\r\n$4\r\nPING\r\n", Protocol.OPAQUE, 3),
        Arguments.of("PING\r\n", Protocol.OPAQUE, 5),
        Arguments.of("SSH-2.0-OpenSSH_9.6\r\n", Protocol.OPAQUE, 20),
        Arguments.of("EHLO mail\r\n", Protocol.OPAQUE, 10),
        Arguments.of("\u0000\u0000\u0000\u0008\u0004\u00d2\u0016/", Protocol.OPAQUE, 1),
        Arguments.of("\u0010\u0010\u0000\u0004MQTT", Protocol.OPAQUE, 1),
        Arguments.of("AMQP\u0000\u0000\u0009\u0001", Protocol.OPAQUE, 5),
        Arguments.of("", null, 0),
        Arguments.of("PRI", null, 3),
        Arguments.of("GET /index.html HTTP/1.", null, 23),
        Arguments.of("GET / HTTP/1.1", null, 14),
        Arguments.of("\u0016\u0003\u0001\u0002", null, 4));
  }

  @ParameterizedTest
  @MethodSource("firstBytes")
  void knowsAtTheFirstByteThatSettlesIt(String bytes, @Nullable Protocol protocol, int needed) {
    var matcher = new ProtocolMatcher();
    int fed = 0;
    while (fed < bytes.length() && matcher.feed((byte) bytes.charAt(fed++)) == null) {}

    assertThat(matcher.answer()).isEqualTo(protocol);
    assertThat(fed).isEqualTo(needed);
  }

  @Test
  void givesUpOnARequestLineThatIsTooLong() {
    var matcher = new ProtocolMatcher();
    for (byte b : "GET /".getBytes(ISO_8859_1)) {
      assertThat(matcher.feed(b)).isNull();
    }
    int fed = 5;
    while (matcher.feed((byte) 'a') == null) {
      fed++;
    }

    assertThat(matcher.answer()).isEqualTo(Protocol.OPAQUE);
    assertThat(fed).isEqualTo(ProtocolMatcher.MAX_REQUEST_LINE_BYTES);
  }
}
