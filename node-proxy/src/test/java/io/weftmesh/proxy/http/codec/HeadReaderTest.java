package io.weftmesh.proxy.http.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.buffer.ByteBuf;
import io.weftmesh.proxy.http.codec.MalformedException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadReaderTest {
  private static final int LIMIT = 60 * 1024;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100, 10_000})
  void keepsCaseOrderAndSpacingInPiecesOfAnySize(int pieceBytes) throws Exception {
    String text =
        "GET /a?b=c HTTP/1.1\r\nhOsT: shop\r\nX-b:2\r\nx-A: \t one  \r\nX-b: 3\r\nEmpty:\r\n\r\n";

    Head head = new Http1Text(LIMIT, pieceBytes).request(text).head();

    assertThat(head.method()).isEqualTo("GET");
    assertThat(head.target()).isEqualTo("/a?b=c");
    assertThat(head.value("x-a")).isEqualTo("one");
    assertThat(head.value("x-B")).isEqualTo("2,3");
    assertThat(head.value(Field.HOST)).isEqualTo("shop");
    assertThat(head.value("empty")).isEmpty();
    assertThat(head.value("absent")).isNull();
    assertThat(Http1Text.request(head)).isEqualTo(text);
  }

  @Test
  void leavesWhatFollowsTheHeadUnread() throws Exception {
    ByteBuf in = Http1Text.bytes("GET / HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\n\r\nrest");
    HeadReader reader = HeadReader.ofRequests(LIMIT);
    var head = new Head();

    assertThat(reader.read(in, head)).isTrue();
    assertThat(head.target()).isEqualTo("/");
    head.clear();
    assertThat(reader.read(in, head)).isTrue();
    assertThat(head.target()).isEqualTo("/second");
    assertThat(in.readableBytes()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.0",
        "get / HTTP/1.1",
        "BREW /coffee HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT shop:443 HTTP/1.1",
        "GET http://shop/ HTTP/1.1",
        "GET http://shop HTTP/1.1",
        "GET http://shop?q HTTP/1.1",
        "GET /%00%0d%0a HTTP/1.1",
        "GET /{a}|\"b\"<c>\\^` HTTP/1.1",
        "GET /\u00e4 HTTP/1.1",
        "GET //double HTTP/1.1",
        "GET /?/../ HTTP/1.1",
      })
  void takesTheRequestLinesThatClientsSend(String line) throws Exception {
    Head head = new Http1Text(LIMIT, 5).request("\r\n" + line + "\r\nHost: shop\r\n\r\n").head();

    assertThat(Http1Text.request(head))
        .isEqualTo(line.replace("HTTP/1.0", "HTTP/1.1") + "\r\nHost: shop\r\n\r\n");
    assertThat(head.isHttp10()).isEqualTo(line.endsWith("0"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // The request line.
        "GET / HTTP/1.1\n\r\n",
        "GET / HTTP/1.1\r\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /  HTTP/1.1\r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n",
        "GET /\tHTTP/1.1\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / a HTTP/1.1\r\n\r\n",
        "GET /\u0000 HTTP/1.1\r\n\r\n",
        "GET /\u000b HTTP/1.1\r\n\r\n",
        "GET /\u007f HTTP/1.1\r\n\r\n",
        "GET /#fragment HTTP/1.1\r\n\r\n",
        "GET /a\rb HTTP/1.1\r\n\r\n",
        "GET a HTTP/1.1\r\n\r\n",
        "GET * HTTP/1.1\r\n\r\n",
        "GET shop:80 HTTP/1.1\r\n\r\n",
        "GET http:///x HTTP/1.1\r\n\r\n",
        "GET ://shop/ HTTP/1.1\r\n\r\n",
        "GET http://user@shop/ HTTP/1.1\r\n\r\n",
        "CONNECT / HTTP/1.1\r\n\r\n",
        "CONNECT user@shop:80 HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "G\u0000T / HTTP/1.1\r\n\r\n",
        "THISMETHODISLONGERTHANANYTHATEXISTS / HTTP/1.1\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTP/1.\r\n\r\n",
        "GET / HTTP/11\r\n\r\n",
        "GET / HTTP/1.10\r\n\r\n",
        "GET / HTTP/01.1\r\n\r\n",
        "GET / HTTP/ 1.1\r\n\r\n",
        "GET / XTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        // Header lines.
        "GET / HTTP/1.1\r\nA: b\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\n",
        "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\u0000c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\u0001\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\u007f\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: shop\r\n\r\n",
        "GET / HTTP/1.1\r\n \r\n\r\n",
        "GET / HTTP/1.1\r\nHost : shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop/a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop, cart\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\t: shop\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "GET / HTTP/1.1\r\n: shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHo st: shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHo\u0000st: shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHo\u00e4st: shop\r\n\r\n",
        "GET / HTTP/1.1\r\n\u00a0Host: shop\r\n\r\n",
        "GET / HTTP/1.1\r\n(Host): shop\r\n\r\n",
      })
  void refusesWhatTwoParsersCouldReadInTwoWays(String text) {
    for (int pieceBytes : new int[] {1, 1000}) {
      var refusal =
          catchThrowableOfType(
              MalformedException.class, () -> new Http1Text(LIMIT, pieceBytes).request(text));

      assertThat(refusal).describedAs(text).isNotNull();
      assertThat(refusal.kind()).isEqualTo(Kind.SYNTAX);
      assertThat(refusal.getStackTrace()).isEmpty();
    }
  }

  @Test
  void tellsVersionsThatItDoesNotSpeakFromGarbage() {
    assertThatThrownBy(() -> new Http1Text(LIMIT, 100).request("GET / HTTP/1.2\r\n\r\n"))
        .isInstanceOfSatisfying(
            MalformedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.VERSION));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1000, 100_000})
  void refusesAHeadOverTheLimitAndTakesOneAtTheLimit(int pieceBytes) throws Exception {
    String start = "GET / HTTP/1.1\r\nA: ";
    int limit = 4096;
    String fits = start + "x".repeat(limit - start.length() - 4) + "\r\n\r\n";
    String tooLarge = start + "x".repeat(limit - start.length() - 3) + "\r\n\r\n";
    var text = new Http1Text(limit, pieceBytes);

    assertThat(text.request(fits).head().value("A")).hasSize(limit - start.length() - 4);
    assertThat(catchThrowableOfType(MalformedException.class, () -> text.request(tooLarge)).kind())
        .isEqualTo(Kind.TOO_LARGE);
    assertThat(
            catchThrowableOfType(
                    MalformedException.class, () -> text.request("GET /" + "x".repeat(limit)))
                .kind())
        .isEqualTo(Kind.TOO_LARGE);
  }

  @Test
  void refusesMoreFieldsThanAnyApplicationSends() throws Exception {
    String all = "GET / HTTP/1.1\r\n" + "a:b\r\n".repeat(HeadReader.MAX_FIELDS);

    assertThat(new Http1Text(LIMIT, 100).request(all + "\r\n").head().count()).isEqualTo(256);
    assertThat(
            catchThrowableOfType(
                    MalformedException.class,
                    () -> new Http1Text(LIMIT, 100).request(all + "a:b\r\n\r\n"))
                .kind())
        .isEqualTo(Kind.TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 200 ",
        "HTTP/1.1 404 Not  Found at all",
        "HTTP/1.1 799 \u00e4",
      })
  void takesTheStatusLinesThatServersSend(String line) throws Exception {
    Head head =
        new Http1Text(LIMIT, 3).response(line + "\r\nContent-Length: 0\r\n\r\n", "GET").head();

    assertThat(Http1Text.response(head))
        .isEqualTo(line.replace("HTTP/1.0", "HTTP/1.1") + "\r\nContent-Length: 0\r\n\r\n");
  }

  @Test
  void takesAStatusWithoutTheSpaceBeforeItsAbsentReason() throws Exception {
    Head head = new Http1Text(LIMIT, 3).response("HTTP/1.1 204\r\n\r\n", "GET").head();

    assertThat(Http1Text.response(head)).isEqualTo("HTTP/1.1 204 \r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\u0000K\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "200 OK\r\n\r\n",
        "\r\n\r\n\r\n",
      })
  void refusesStatusLinesThatAreNone(String text) {
    assertThatThrownBy(() -> new Http1Text(LIMIT, 1).response(text, "GET"))
        .isInstanceOf(MalformedException.class);
  }
}
