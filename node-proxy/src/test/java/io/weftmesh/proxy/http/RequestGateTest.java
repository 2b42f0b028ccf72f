package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.RequestHead;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests to a pod of this node, some of which its rules do not admit. */
@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class RequestGateTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  private final Mesh mesh = new Mesh();
  private final Set<String> forbidden = new HashSet<>(Set.of("GET /no", "POST /"));
  private final RequestGate gate =
      RequestGate.of(
          new RequestGate.Rules() {
            @Override
            public boolean admit(RequestHead head) {
              return !forbidden.contains(head.method() + " " + head.path());
            }

            @Override
            public boolean admitBytes() {
              return false;
            }
          },
          () -> {
            throw new AssertionError("no connection here leaves HTTP");
          });

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @Test
  void requestsOnOneConnectionAreDecidedOneByOne() {
    Wire client = mesh.caller(gate);
    client.sends(get("/yes") + get("/no") + get("/yes"));
    Wire application = mesh.opened();
    assertThat(application.got()).isEqualTo(get("/yes"));
    application.sends(OK);

    assertThat(application.got()).isEqualTo(get("/yes"));
    application.sends(OK);
    assertThat(client.got())
        .startsWith(OK + "HTTP/1.1 403 Forbidden\r\nx-weft-error: denied\r\n")
        .endsWith(OK);
    assertThat(mesh.dials.tried).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "GET http://cart/no HTTP/1.1",
    "GET http://cart/no?x=y HTTP/1.1",
    "GET /no?x=/yes HTTP/1.1",
    "GET /no HTTP/1.0"
  })
  void theRuleSeesTheRequestAsTheApplicationWould(String line) {
    Wire client = mesh.caller(gate);
    client.sends(line + "\r\nHost: cart\r\n\r\n");

    assertThat(client.got()).startsWith("HTTP/1.1 403 Forbidden\r\n");
    assertThat(mesh.dials.tried).isEmpty();
  }

  /** Behind some of these, other requests could be made; a bar stands for a second field. */
  @ParameterizedTest
  @CsvSource({
    "GET /chat, websocket, true",
    "GET /chat, WebSocket, true",
    "GET /chat, h2c, true",
    "GET /chat, TLS/1.0, false",
    "GET /chat, spdy/3.1, false",
    "GET /chat, 'websocket, TLS/1.0', false",
    "GET /chat, websocket|TLS/1.0, false",
    "GET /no, websocket, false",
    "CONNECT cart:80, '', false"
  })
  void whatLeadsOutOfHttpHasToBeAllowedAnything(String begin, String upgrade, boolean passes) {
    Wire client = mesh.caller(gate);
    String upgrades = upgrade.replace("|", "\r\nUpgrade: ");
    String fields = upgrade.isEmpty() ? "" : "Connection: Upgrade\r\nUpgrade: " + upgrades + "\r\n";
    client.sends(begin + " HTTP/1.1\r\nHost: cart\r\n" + fields + "\r\n");

    assertThat(mesh.dials.tried).hasSize(passes ? 1 : 0);
    assertThat(client.got()).startsWith(passes ? "" : "HTTP/1.1 403 Forbidden\r\n");
    if (passes) {
      assertThat(mesh.opened().got().toLowerCase(Locale.ROOT))
          .satisfies(
              sent -> assertThat(sent.contains("upgrade")).isEqualTo(!upgrade.equals("h2c")));
    }
  }

  @Test
  void aDeniedRequestsBodyIsNotTakenForARequest() {
    Wire client = mesh.caller(gate);
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + get("/yes"));

    assertThat(client.got()).contains("403 Forbidden", "connection: close");
    assertThat(mesh.dials.tried).isEmpty();
  }

  @Test
  void metricsTellThatItWasSeenAtThePod() {
    Wire client = mesh.caller(gate);
    client.sends(get("/no") + get("/yes"));
    mesh.opened().sends(OK);

    String[] ways = {"direction=\"inbound\"", "source_workload=\"pay/till\"", "\"web/frontend\""};
    assertThat(mesh.metric("weft_requests_total", ways)).isEqualTo(2);
    assertThat(mesh.metric("weft_requests_total", "inbound", "error=\"denied\"")).isEqualTo(1);
    assertThat(mesh.metric("weft_requests_total", "inbound", "security=\"mtls\"")).isEqualTo(1);
  }

  @Test
  void streamsOfOneConnectionAreDecidedOneByOne() {
    Http2Peer client = mesh.http2Caller(gate);
    Http2Peer.Stream denied = client.get("/no");
    Http2Peer.Stream call =
        client.request(
            false,
            ":method",
            "POST",
            ":scheme",
            "http",
            ":authority",
            "a",
            ":path",
            "/",
            "content-type",
            "application/grpc");
    Http2Peer.Stream admitted = client.get("/yes");
    Http2Peer application = mesh.openedHttp2();
    Http2Peer.Stream request = application.next();
    request.headers(true, ":status", "200");

    assertThat(denied.got()).startsWith(":status=403 x-weft-error=denied ");
    assertThat(call.got()).contains("x-weft-error=denied", "grpc-status=7");
    assertThat(admitted.got()).isEqualTo(":status=200 END");
    assertThat(application.hasNext()).isFalse();
  }

  @Test
  void anUnansweredRequestIsAnsweredWhenTheRulesHaveTurnedAgainstIt() {
    Wire client = mesh.caller(gate);
    client.sends(get("/slow"));
    Wire application = mesh.opened();
    forbidden.add("GET /slow");

    gate.reconsider();

    assertThat(client.got()).contains("403 Forbidden", "x-weft-error: denied");
    assertThat(application.isOpen()).isFalse();
    client.sends(get("/yes"));
    mesh.opened().sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aHalfAnsweredRequestIsBrokenOffAndItsNeighbourIsNot() {
    Http2Peer client = mesh.http2Caller(gate);
    Http2Peer.Stream slow = client.get("/slow");
    Http2Peer.Stream other = client.get("/yes");
    Http2Peer application = mesh.openedHttp2();
    Http2Peer.Stream slowRequest = application.next();
    Http2Peer.Stream otherRequest = application.next();
    slowRequest.headers(false, ":status", "200");
    otherRequest.headers(false, ":status", "200");
    forbidden.add("GET /slow");

    gate.reconsider();
    mesh.turn();
    otherRequest.data("all", true);

    assertThat(slow.got()).startsWith(":status=200 | RST");
    assertThat(slowRequest.got()).contains("RST");
    assertThat(other.got()).isEqualTo(":status=200 | allEND");
  }

  @Test
  void rulesThatStillAdmitItChangeNothing() {
    Wire client = mesh.caller(gate);
    client.sends(get("/slow"));
    Wire application = mesh.opened();
    forbidden.add("GET /other");

    gate.reconsider();
    application.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: cart\r\n\r\n";
  }
}
