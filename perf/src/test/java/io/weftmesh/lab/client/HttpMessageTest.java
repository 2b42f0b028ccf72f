package io.weftmesh.lab.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class HttpMessageTest {
  @Test
  void keepsNamesAndOrderAsSent() throws IOException {
    HttpMessage message = read("GET /x HTTP/1.1\r\nhOsT: a\r\nX:  b \r\nx: c\r\n\r\n");
    assertThat(message.startLine()).isEqualTo("GET /x HTTP/1.1");
    assertThat(message.headers())
        .extracting(HttpMessage.Header::name)
        .containsExactly("hOsT", "X", "x");
    assertThat(message.header("X")).contains("b");
  }

  @Test
  void readsBodiesByLengthByChunkAndToTheEnd() throws IOException {
    assertThat(response("Content-Length: 3\r\n\r\nabcd").body()).isEqualTo("abc");
    String chunked = "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n";
    assertThat(response(chunked).body()).isEqualTo("abc");
    assertThat(response("\r\nabc").body()).isEqualTo("abc");
  }

  @Test
  void messagesFollowEachOtherUntilTheEnd() throws IOException {
    InputStream in = stream("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No\r\n\r\n");
    assertThat(HttpMessage.read(in, HttpMessage.Body.OF_RESPONSE).body()).isEqualTo("a");
    assertThat(HttpMessage.read(in, HttpMessage.Body.OF_RESPONSE).status()).isEqualTo(204);
    assertThat(HttpMessage.read(in, HttpMessage.Body.OF_RESPONSE)).isNull();
  }

  @Test
  void endInTheMiddleIsAnError() {
    assertThatThrownBy(() -> response("Content-Length: 3\r\n\r\nab"))
        .isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> response("Content-Le")).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> response("A: b\r\n")).isInstanceOf(EOFException.class);
  }

  @Test
  void knowsWhetherTheConnectionStays() throws IOException {
    assertThat(read("GET / HTTP/1.1\r\n\r\n").keepsAlive()).isTrue();
    assertThat(read("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keepsAlive()).isFalse();
    assertThat(read("GET / HTTP/1.0\r\n\r\n").keepsAlive()).isFalse();
    assertThat(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keepsAlive()).isTrue();
  }

  private static HttpMessage read(String text) throws IOException {
    return HttpMessage.read(stream(text), HttpMessage.Body.OF_REQUEST);
  }

  private static HttpMessage response(String afterStatus) throws IOException {
    return HttpMessage.read(
        stream("HTTP/1.1 200 OK\r\n" + afterStatus), HttpMessage.Body.OF_RESPONSE);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(ISO_8859_1));
  }
}
