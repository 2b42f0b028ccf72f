package io.weftmesh.lab.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.Lab;
import io.weftmesh.lab.client.GrpcConnection;
import io.weftmesh.lab.client.HttpConnection;
import io.weftmesh.lab.client.HttpMessage;
import io.weftmesh.lab.client.PodSocket;
import io.weftmesh.lab.cluster.Manifest;
import io.weftmesh.lab.mesh.Mesh;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every protocol through one route on one port, declared as HTTP or left to detection: HTTP/1.1 to
 * an application of that version, HTTP/2 to another, and what a client upgrades to.
 */
@MeshTest
class ProtocolsIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final int DECLARED = 80;
  private static final int DETECTED = 81;

  @BeforeAll
  static void startPods(Lab lab, Mesh mesh) throws IOException {
    ConformanceFixture.apply(lab, mesh);
    for (int port : new int[] {DECLARED, DETECTED}) {
      lab.apply(route(port));
      new InARow()
          .holds(() ->
              assertThat(
                      HttpConnection.getOnce(
                              lab.pod("mesh/echo-v1").namespace(),
                              lab.service("mesh/echo"),
                              port,
                              "/in-force",
                              TIMEOUT)
                          .header("x-routed"))
                  .isPresent());
    }
  }

  private static Manifest route(int port) {
    return Manifest.parse(
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: protocols-%d
          namespace: mesh
        spec:
          parentRefs: [{kind: Service, group: "", name: echo, port: %d}]
          rules:
            - matches: [{path: {value: /weft.lab.Echo}}]
              backendRefs: [{name: echo-v2, port: 7070}]
            - filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-routed, value: "1"}]}}]
              backendRefs: [{name: echo-v2, port: 8080}]
        """
            .formatted(port, port));
  }

  @ParameterizedTest
  @ValueSource(ints = {DECLARED, DETECTED})
  void http11AndHttp2AreAnsweredOnOnePort(int port, Lab lab) throws IOException {
    try (HttpConnection connection = open(lab, port);
        GrpcConnection calls =
            GrpcConnection.open(
                lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), port, "echo")) {
      for (int i = 0; i < 3; i++) {
        assertThat(connection.get("/").status()).isEqualTo(200);
        assertThat(calls.unary("weft.lab.Echo/Unary", "", Map.of(), TIMEOUT))
            .contains("\"version\":\"v2\"");
      }
      assertThat(calls.opened()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {DECLARED, DETECTED})
  void curlReachesAnHttp2BackendWithPriorKnowledge(int port, Lab lab, @TempDir Path folder)
      throws IOException {
    // A gRPC message: not compressed, of no bytes.
    Path message = Files.write(folder.resolve("message"), new byte[5]);
    String printed =
        lab.pod("mesh/echo-v1")
            .command(
                "curl",
                "--silent",
                "--show-error",
                "--http2-prior-knowledge",
                "--max-time",
                "5",
                "--header",
                "content-type: application/grpc",
                "--header",
                "te: trailers",
                "--data-binary",
                "@" + message,
                "--output",
                "-",
                "--write-out",
                "HTTP/%{http_version} %{http_code}",
                "http://" + lab.service("mesh/echo") + ":" + port + "/weft.lab.Echo/Unary")
            .run();
    assertThat(printed).contains("\"version\":\"v2\"").endsWith("HTTP/2 200");
  }

  @Test
  void garbageOnAPortThatIsDeclaredAsHttpIsABadRequest(Lab lab) throws IOException {
    Answer answer =
        Answer.to(
            "\1\2\3 what is this\r\n\r\n".getBytes(ISO_8859_1),
            lab.pod("mesh/echo-v1").namespace(),
            lab.service("mesh/echo"),
            DECLARED);
    assertThat(answer.text()).startsWith("HTTP/1.1 400 ").contains("x-weft-error: bad_request");
    assertThat(answer.ended()).isTrue();
  }

  /** The key and its answer are those of RFC 6455, section 1.3. */
  @ParameterizedTest
  @ValueSource(ints = {DECLARED, DETECTED})
  void aWebSocketsFramesComeBack(int port, Lab lab) throws IOException {
    try (Socket socket = connect(lab, port)) {
      DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
      HttpMessage answer =
          upgrade(
              socket,
              in,
              """
              GET /chat HTTP/1.1\r
              Host: echo\r
              Upgrade: websocket\r
              Connection: Upgrade\r
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
              Sec-WebSocket-Version: 13\r
              \r
              """);
      assertThat(answer.status()).isEqualTo(101);
      assertThat(answer.header("Upgrade")).hasValue("websocket");
      assertThat(answer.header("Sec-WebSocket-Accept")).hasValue("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");

      for (String text : new String[] {"hello", "x".repeat(40_000)}) {
        socket.getOutputStream().write(masked(0x81, text.getBytes(UTF_8)));
        assertThat(frame(in, 0x81)).isEqualTo(text);
      }
      socket.getOutputStream().write(masked(0x88, new byte[] {3, (byte) 0xe8}));
      assertThat(frame(in, 0x88)).hasSize(2);
      assertThat(in.read()).as("the end").isNegative();
    }
  }

  @Test
  void bytesOfAnUnknownProtocolComeBackAfterAnUpgrade(Lab lab) throws IOException {
    try (Socket socket = connect(lab, DECLARED)) {
      BufferedInputStream in = new BufferedInputStream(socket.getInputStream());
      HttpMessage answer =
          upgrade(
              socket,
              in,
              "GET / HTTP/1.1\r\nHost: echo\r\nUpgrade: lab/1\r\nConnection: Upgrade\r\n\r\n");
      assertThat(answer.status()).isEqualTo(101);
      byte[] bytes = "\0\1 no HTTP any more\r\n\r\n".getBytes(ISO_8859_1);
      socket.getOutputStream().write(bytes);
      assertThat(in.readNBytes(bytes.length)).isEqualTo(bytes);
    }
  }

  private static HttpMessage upgrade(Socket socket, InputStream in, String request)
      throws IOException {
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
    HttpMessage answer = HttpMessage.read(in, HttpMessage.Body.NONE);
    assertThat(answer).isNotNull();
    return answer;
  }

  private static byte[] masked(int first, byte[] payload) {
    boolean extended = payload.length > 125;
    int head = extended ? 8 : 6;
    byte[] frame = new byte[head + payload.length];
    frame[0] = (byte) first;
    frame[1] = (byte) (0x80 | (extended ? 126 : payload.length));
    if (extended) {
      frame[2] = (byte) (payload.length >> 8);
      frame[3] = (byte) payload.length;
    }
    for (int i = 0; i < 4; i++) {
      frame[head - 4 + i] = (byte) (17 * i + 3);
    }
    for (int i = 0; i < payload.length; i++) {
      frame[head + i] = (byte) (payload[i] ^ frame[head - 4 + i % 4]);
    }
    return frame;
  }

  private static String frame(DataInputStream in, int first) throws IOException {
    assertThat(in.readUnsignedByte()).isEqualTo(first);
    int length = in.readUnsignedByte();
    byte[] payload = new byte[length == 126 ? in.readUnsignedShort() : length];
    in.readFully(payload);
    return new String(payload, ISO_8859_1);
  }

  private static HttpConnection open(Lab lab, int port) throws IOException {
    return HttpConnection.open(
        lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), port, TIMEOUT);
  }

  private static Socket connect(Lab lab, int port) throws IOException {
    return PodSocket.connect(
        lab.pod("mesh/echo-v1").namespace(), lab.service("mesh/echo"), port, TIMEOUT);
  }
}
