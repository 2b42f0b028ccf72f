package io.weftmesh.proxy.http.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weftmesh.proxy.http.codec.Framing.Mode;
import io.weftmesh.proxy.http.codec.MalformedException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FramingTest {
  private final Http1Text text = new Http1Text(60 * 1024, 1000);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\ncontent-length: 6",
        "Content-Length: 5, 5",
        "Content-Length: 5,6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: -0",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: 5 5",
        "Content-Length: 5;",
        "Content-Length: '5'",
        "Content-Length: \u00b2",
        "Content-Length:",
        "Content-Length: 9223372036854775808",
        "Content-Length: 18446744073709551621",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
      })
  void refusesAmbiguousLengths(String fields) {
    assertThatThrownBy(() -> text.request("POST / HTTP/1.1\r\n" + fields + "\r\n\r\nhello"))
        .isInstanceOfSatisfying(
            MalformedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.SYNTAX));
    assertThatThrownBy(() -> text.response("HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n", "GET"))
        .isInstanceOf(MalformedException.class);
    assertThatThrownBy(() -> text.response("HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n", "HEAD"))
        .describedAs("even when there can be no body")
        .isInstanceOf(MalformedException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "xchunked",
        "chunkedx",
        "chunked, identity",
        "identity",
        "gzip, chunked",
        "chunked, chunked",
        "chunked,",
        ", chunked",
        "\"chunked\"",
        "chunked;q=1",
        "chunk\u000bed",
        "",
      })
  void refusesTransferCodingsThatItDoesNotSpeak(String value) {
    assertThatThrownBy(() ->
            text.request("POST / HTTP/1.1\r\nTransfer-Encoding: " + value + "\r\n\r\n0\r\n\r\n"))
        .isInstanceOf(MalformedException.class);
  }

  @Test
  void takesChunkedInAnyCaseAndSpacing() throws Exception {
    for (String value : new String[] {"chunked", "Chunked", "\tCHUNKED \t"}) {
      var message =
          text.request("POST / HTTP/1.1\r\nTransfer-Encoding:" + value + "\r\n\r\n0\r\n\r\n");
      assertThat(message.framing()).isEqualTo(Framing.CHUNKED);
    }
  }

  @Test
  void refusesChunkedInHttp10() {
    assertThatThrownBy(
            () -> text.request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
        .isInstanceOf(MalformedException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "200, GET, UNTIL_CLOSE",
    "200, HEAD, NONE",
    "204, GET, NONE",
    "304, GET, NONE",
    "100, POST, NONE",
    "103, GET, NONE",
    "101, GET, NONE",
    "205, GET, UNTIL_CLOSE",
    "500, POST, UNTIL_CLOSE",
  })
  void knowsWhichAnswersHaveABody(int status, String method, Mode mode) throws Exception {
    String head = "HTTP/1.1 " + status + " x\r\n";

    assertThat(text.response(head + "\r\n", method).framing().mode()).isEqualTo(mode);
    assertThat(text.response(head + "Content-Length: 0\r\n\r\n", method).framing().mode())
        .isEqualTo(mode == Mode.NONE ? Mode.NONE : Mode.LENGTH);
  }

  @Test
  void aRequestWithoutALengthHasNoBody() throws Exception {
    assertThat(text.request("POST / HTTP/1.1\r\n\r\n").framing()).isEqualTo(Framing.NONE);
    assertThat(text.request("GET / HTTP/1.0\r\n\r\nGET").body()).isEqualTo("|left:GET");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 1000})
  void readsBodiesInPiecesOfAnySize(int pieceBytes) throws Exception {
    var pieces = new Http1Text(1000, pieceBytes);
    String head = "POST / HTTP/1.1\r\n";

    assertThat(pieces.request(head + "Content-Length: 5\r\n\r\nhelloGET").body())
        .isEqualTo("hello|left:GET");
    String chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    assertThat(
            pieces.request(chunked + "5\r\nhello\r\n0b\r\n happy you\r\r\n000\r\n\r\nGET").body())
        .isEqualTo("hello happy you\r|left:GET");
    assertThat(pieces.request(chunked + "5;a=\"b;c\";d\r\nhello\r\n0;x\r\n\r\n").body())
        .isEqualTo("hello");
    var trailers =
        pieces.request(chunked + "1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\ny:z\r\n\r\nrest");
    assertThat(trailers.body()).isEqualTo("x|left:rest");
    assertThat(trailers.trailers()).isEqualTo("X-Sum: 1\r\ny:z\r\n\r\n");
    assertThat(pieces.response("HTTP/1.1 200 OK\r\n\r\nall of it", "GET").body())
        .isEqualTo("all of it");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5h\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";a\r\nhello\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;\u0000\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello\r\n0\r\n\r\n",
        "0000000000000005\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\n\rx",
        "0\r\n X: folded\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n\r\n",
      })
  void refusesChunksThatAreNotWrittenAsTheStandardSays(String body) {
    for (int pieceBytes : new int[] {1, 1000}) {
      assertThatThrownBy(() ->
              new Http1Text(1000, pieceBytes)
                  .request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body))
          .describedAs(body)
          .isInstanceOf(MalformedException.class);
    }
  }

  @Test
  void boundsTrailersAndChunkExtensions() {
    var small = new Http1Text(100, 10);
    String head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

    assertThat(
            catchThrowableOfType(
                    MalformedException.class,
                    () -> small.request(head + "0\r\nA: " + "x".repeat(100) + "\r\n\r\n"))
                .kind())
        .isEqualTo(Kind.TOO_LARGE);
    assertThat(
            catchThrowableOfType(
                    MalformedException.class,
                    () -> small.request(head + "5;" + "x".repeat(2000) + "\r\nhello"))
                .kind())
        .isEqualTo(Kind.TOO_LARGE);
  }
}
