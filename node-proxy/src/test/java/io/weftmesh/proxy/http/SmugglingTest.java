package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a client sends so that the proxy sees one request and the server two. Whatever the proxy
 * makes of it, a server that reads as leniently as servers do must find no request in what reaches
 * it that the proxy did not route.
 */
@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class SmugglingTest {
  private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final String POST = "POST /sent HTTP/1.1\r\nHost: a\r\n";

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Two lengths.
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "Content-Length: 44\r\nContent-Length: 0\r\n\r\n",
        "Content-Length: 0, 44\r\n\r\n",
        "Content-Length: 0\r\nContent_Length: 44\r\nContent-Length : 44\r\n\r\n",
        // Lengths that are none.
        "Content-Length: +0\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n",
        "Content-Length: 0 44\r\n\r\n",
        "Content-Length: 0\u000b\r\n\r\n",
        "Content-Length: \u0000\r\n\r\n",
        "Content-Length:\r\n\r\n",
        "Content-Length: 18446744073709551616\r\n\r\n",
        "Content-Length: 1e1\r\n\r\n",
        // Codings that some would take for chunked and others would not.
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\u000b\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding\r\n: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding\t:chunked\r\n\r\n0\r\n\r\n",
        " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\u0000Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding\u0000: chunked\r\n\r\n0\r\n\r\n",
        "\u00a0Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer\u2014Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Ends of heads.
        "X: y\n\n",
        "X: y\r\n\n",
        "X: y\n\r\n",
        "X: y\r\r",
        "\u0000\r\n\r\n",
        ": y\r\n\r\n",
        "X\r\n\r\n",
        // Chunks.
        "Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n 0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\n",
        "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0;\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0;a=\"\n\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length : 5\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n X: y\r\n\r\n",
        // Hosts.
        "Host: b\r\n\r\n",
        "Host : b\r\n\r\n",
      })
  void whatCouldBeReadInTwoWaysIsRefusedAndNothingBehindItIsRead(String rest) {
    for (int pieceBytes : new int[] {1, 7, 1000}) {
      Wire client = mesh.client();
      sendInPieces(client, POST + rest + SMUGGLED, pieceBytes);

      assertThat(client.got())
          .describedAs("in pieces of %d", pieceBytes)
          .containsPattern("^HTTP/1.1 (400|501) ")
          .contains("connection: close")
          .containsOnlyOnce("HTTP/1.1");
      // The head may have been passed on before the body went wrong; but then it had no end.
      for (Wire server : mesh.dials.all) {
        assertThat(server.isActive()).isFalse();
        assertThat(requestsSeen(server.got())).isSubsetOf("POST /sent (incomplete)");
      }
      mesh.passes(Duration.ofSeconds(3));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // A body that looks like a request is a body.
        "Content-Length: 35\r\n\r\n" + SMUGGLED,
        "Transfer-Encoding: chunked\r\n\r\n23\r\n" + SMUGGLED + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n23;x=\"" + "y\"\r\n" + SMUGGLED + "\r\n0\r\n\r\n",
        "Content-Length: 35\r\nConnection: content-length\r\n\r\n" + SMUGGLED,
        "Transfer-Encoding: CHUNKED\r\nConnection: transfer-encoding\r\n\r\n23\r\n"
            + SMUGGLED
            + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTE: chunked\r\n\r\n23\r\n" + SMUGGLED + "\r\n0\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 35\r\n\r\n" + SMUGGLED,
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: A\r\n"
            + "Content-Length: 35\r\n\r\n"
            + SMUGGLED,
        "Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n"
            + "Content-Length: 35\r\n\r\n",
      })
  void whatIsPassedOnIsReadInOneWayOnly(String rest) {
    for (int pieceBytes : new int[] {1, 7, 1000}) {
      Wire client = mesh.client();
      sendInPieces(client, POST + rest, pieceBytes);

      Wire server = mesh.opened();
      assertThat(requestsSeen(server.got())).containsExactly("POST /sent");
      server.sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      assertThat(client.got()).startsWith("HTTP/1.1 200 OK");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Answers that would make the next client believe something.
        "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/\r\n0\r\n\r\n",
        "HTTP/1.1 304 No\r\nContent-Length: 17\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX: evil\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
      })
  void bytesBehindAnAnswerReachNobody(String answer) {
    Wire client = mesh.client();
    client.sends("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire server = mesh.opened();
    server.sends(answer);
    assertThat(client.got()).containsOnlyOnce("HTTP/").doesNotContain("evil");
    assertThat(server.isActive()).isFalse();

    client.sends("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    mesh.opened().sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ngood".substring(0, 41));
    assertThat(client.got()).contains("200 OK").doesNotContain("evil");
  }

  private static void sendInPieces(Wire client, String text, int pieceBytes) {
    for (int at = 0; at < text.length() && client.isActive(); at += pieceBytes) {
      client.sends(text.substring(at, Math.min(text.length(), at + pieceBytes)));
    }
  }

  /** Reads as leniently as Netty can. */
  private static List<String> requestsSeen(String bytes) {
    var decoder =
        new EmbeddedChannel(
            new HttpRequestDecoder(
                new HttpDecoderConfig()
                    .setValidateHeaders(false)
                    .setAllowDuplicateContentLengths(true)
                    .setStrictLineParsing(false)));
    decoder.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    List<String> seen = new ArrayList<>();
    boolean complete = true;
    for (Object object = decoder.readInbound(); object != null; object = decoder.readInbound()) {
      if (object instanceof HttpRequest request) {
        seen.add(request.method() + " " + request.uri());
        complete = false;
      }
      if (object instanceof LastHttpContent) {
        complete = true;
      }
      ReferenceCountUtil.release(object);
    }
    decoder.finishAndReleaseAll();
    if (!complete) {
      seen.set(seen.size() - 1, seen.getLast() + " (incomplete)");
    }
    return seen;
  }
}
