package io.weftmesh.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whatever bytes an application sends, as a client or as a server, through the whole pipeline: what
 * reaches the other end is well-formed, nothing is left behind, and the proxy itself has no fault.
 * The first byte says in pieces of which size the others come. The targets run their seeds in every
 * build, and search on, guided by coverage, with {@code JAZZER_FUZZ=1}, one at a time.
 */
class UntrustedBytesTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @FuzzTest(maxDuration = "10s")
  void anyBytesOfAnHttp1Client(byte[] bytes) {
    try (var mesh = new Mesh()) {
      Wire client = mesh.client();
      Map<Wire, StringBuilder> reached = new HashMap<>();
      for (String piece : pieces(bytes)) {
        send(client, piece);
        mesh.turn();
        for (Wire server : mesh.dials.all) {
          String got = server.got();
          reached.computeIfAbsent(server, s -> new StringBuilder()).append(got);
          if (!got.isEmpty()) {
            send(server, OK);
          }
        }
        client.got();
      }
      reached.values().forEach(got -> PipelineFuzzTest.wellFormed(got.toString()));
    }
  }

  @FuzzTest(maxDuration = "10s")
  void anyBytesOfAnHttp1Server(byte[] bytes) {
    try (var mesh = new Mesh()) {
      Wire client = mesh.client();
      client.sends("GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\n\r\n");
      for (String piece : pieces(bytes)) {
        mesh.turn();
        send(mesh.dials.all.getLast(), piece);
        client.got();
      }
    }
  }

  @FuzzTest(maxDuration = "10s")
  void anyBytesOfAnHttp2Client(byte[] bytes) {
    var log = new FrameLog();
    try (var mesh = new Mesh()) {
      Wire client = mesh.http2Wire();
      var script = new HostileScript(client);
      script.play("headers 1 :method=POST :scheme=http :path=/sent");
      List<Http2Peer> servers = new ArrayList<>();
      for (String piece : pieces(bytes)) {
        send(client, piece);
        mesh.turn();
        while (!mesh.dials.opened.isEmpty()) {
          servers.add(mesh.openedHttp2());
        }
        for (Http2Peer server : servers) {
          while (server.hasNext()) {
            Http2Peer.Stream request = server.next();
            assertThat(request.got()).startsWith(":method=").contains(":path=");
            request.headers(false, ":status", "200").data("ok", true);
          }
        }
        log.read(client);
      }
    } finally {
      log.close();
    }
  }

  @FuzzTest(maxDuration = "10s")
  void anyBytesOfAnHttp2Server(byte[] bytes) {
    var log = new FrameLog();
    try (var mesh = new Mesh()) {
      Wire client = mesh.http2Wire();
      var script = new HostileScript(client);
      script.play("headers 1 end :method=GET :scheme=http :path=/sent");
      script.play("headers 3 :method=POST :scheme=http :path=/sent; data 3 hello");
      // The server's own SETTINGS, and its acknowledgement of ours.
      send(mesh.dials.all.getLast(), "\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0");
      for (String piece : pieces(bytes)) {
        mesh.turn();
        Wire server = mesh.dials.all.getLast();
        server.got();
        send(server, piece);
        log.read(client);
      }
    } finally {
      log.close();
    }
  }

  private static void send(Wire wire, String text) {
    if (wire.isActive()) {
      wire.sends(text);
    }
  }

  private static List<String> pieces(byte[] bytes) {
    List<String> pieces = new ArrayList<>();
    int size = bytes.length == 0 ? 1 : Math.max(1, bytes[0] & 0xff);
    for (int at = 1; at < bytes.length; at += size) {
      pieces.add(new String(bytes, at, Math.min(size, bytes.length - at), ISO_8859_1));
    }
    return pieces;
  }
}
