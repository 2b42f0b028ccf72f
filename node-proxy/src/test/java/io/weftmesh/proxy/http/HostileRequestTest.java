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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * What a client sends over HTTP/1 so that the proxy sees one request and the server two. Whatever
 * the proxy makes of it, a server that reads as leniently as servers do must find exactly the
 * requests in what reaches it that the proxy has routed.
 */
class HostileRequestTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "hostile-requests.txt", delimiter = '|')
  void theApplicationSeesWhatTheProxyRouted(
      String name, String sent, @Nullable String answers, String requests) {
    for (int pieceBytes : new int[] {1, 7, 100_000}) {
      if (pieceBytes == 1 && sent.contains("000}")) {
        continue; // Bombs are cut off at a size, whatever the pieces.
      }
      int dialled = mesh.dials.all.size();
      Wire client = mesh.client();
      HostileText.sendInPieces(client, HostileText.bytes(sent), pieceBytes);
      Map<Wire, StringBuilder> reached = new HashMap<>();
      String got = serve(client, reached, dialled);

      List<String> seen = new ArrayList<>();
      reached.values().forEach(bytes -> seen.addAll(requestsSeen(bytes.toString())));
      assertThat(HostileText.answers(got))
          .describedAs("answers, in pieces of %d", pieceBytes)
          .isEqualTo(HostileText.list(answers));
      assertThat(seen)
          .describedAs("requests at the application, in pieces of %d", pieceBytes)
          .isEqualTo(HostileText.list(requests));
      if (got.contains("x-weft-error")) {
        assertThat(got).contains("\r\nconnection: close\r\n");
        assertThat(mesh.dials.all)
            .noneMatch(server -> reached.containsKey(server) && server.isActive());
      }
      client.close();
      mesh.passes(Duration.ofSeconds(4));
      mesh.dials.opened.clear();
    }
  }

  /** Answers what is complete until nothing moves, and returns what the client got. */
  private String serve(Wire client, Map<Wire, StringBuilder> reached, int dialled) {
    var got = new StringBuilder(client.got());
    Map<Wire, Integer> answered = new HashMap<>();
    boolean moved = true;
    while (moved) {
      moved = false;
      mesh.turn();
      for (Wire server : mesh.dials.all.subList(dialled, mesh.dials.all.size())) {
        StringBuilder bytes = reached.computeIfAbsent(server, s -> new StringBuilder());
        bytes.append(server.got());
        long complete =
            requestsSeen(bytes.toString()).stream().filter(r -> !r.endsWith("unfinished")).count();
        if (server.isActive() && complete > answered.getOrDefault(server, 0)) {
          answered.merge(server, 1, Integer::sum);
          server.sends(OK);
          moved = true;
        }
      }
      got.append(client.got());
    }
    return got.toString();
  }

  /** Reads as leniently as Netty can. */
  private static List<String> requestsSeen(String bytes) {
    var decoder =
        new EmbeddedChannel(
            new HttpRequestDecoder(
                new HttpDecoderConfig()
                    .setMaxHeaderSize(100_000)
                    .setMaxInitialLineLength(100_000)
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
      seen.set(seen.size() - 1, seen.getLast() + " unfinished");
    }
    return seen;
  }
}
