package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.PathMatch;
import io.weftmesh.policy.model.RouteMatch;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.routing.Destination;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class HttpProxyTest {
  private static final String GET = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @Test
  void passesRequestsAndAnswersOnAsTheyAre() {
    Wire client = mesh.client();
    String request =
        "POST /a?b=c HTTP/1.1\r\nHOST: cart\r\nx-B: 1\r\nX-a:2\r\ncontent-length: 5\r\n\r\nhello";
    client.sends(request);
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo(request);

    String answer =
        "HTTP/1.1 201 Made It\r\nserVer: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
            + "Content-Length: 3\r\n\r\nyes";
    server.sends(answer);

    assertThat(client.got()).isEqualTo(answer);
  }

  @Test
  void usesOneUpstreamConnectionForRequestsInARow() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    for (int i = 0; i < 5; i++) {
      assertThat(server.got()).isEqualTo(GET);
      server.sends(OK);
      assertThat(client.got()).isEqualTo(OK);
      client.sends(GET);
    }

    assertThat(mesh.dials.tried).hasSize(1);
  }

  @Test
  void keepsUpstreamConnectionsToTheirEventLoop() {
    mesh.client().sends(GET);
    Wire server = mesh.opened();
    server.sends(OK);

    Wire second = mesh.client();
    second.sends(GET);
    mesh.turn();

    // Another embedded loop stands for another event loop: connections stay on their own.
    assertThat(mesh.dials.tried).hasSize(2);
  }

  @Test
  void answersPipelinedRequestsInOrderAndReadsNoFurtherMeanwhile() {
    Wire client = mesh.client();
    client.sends("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HT");
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assertThat(client.isRead()).isFalse();

    server.sends(OK);
    assertThat(server.got()).isEqualTo("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assertThat(client.isRead()).isFalse();
    server.sends("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    assertThat(client.isRead()).isTrue();
    client.sends("TP/1.1\r\nHost: a\r\n\r\n");
    assertThat(server.got()).isEqualTo("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK + "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" + OK);
    assertThat(mesh.dials.tried).hasSize(1);
  }

  @Test
  void carriesChunksAndTrailersBothWays() {
    Wire client = mesh.client();
    String head =
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.sends(head + "5;x=y\r\nhello\r\n");
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo(head + "5\r\nhello\r\n");
    server.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assertThat(client.got())
        .describedAs("an answer may begin before the request ends")
        .isEqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.sends("0\r\nX-Sum: 7\r\n\r\n");
    assertThat(server.got()).isEqualTo("0\r\nX-Sum: 7\r\n\r\n");
    server.sends("0\r\nX-Sum: 8\r\nContent-Length: 7\r\n\r\n");
    assertThat(client.got()).isEqualTo("0\r\nX-Sum: 8\r\n\r\n");

    client.sends(GET);
    assertThat(server.got()).isEqualTo(GET);
  }

  @Test
  void aLargeBodyIsNotCollected() {
    Wire client = mesh.client();
    client.sends("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    Wire server = mesh.opened();
    server.got();
    for (int i = 0; i < 300; i++) {
      client.sends("x".repeat(1000));
      assertThat(server.got()).hasSize(1000);
    }
    assertThat(mesh.allocator.metric().usedHeapMemory()).isZero();
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @ParameterizedTest
  @CsvSource({
    "HEAD, HTTP/1.1 200 OK, Content-Length: 5000",
    "GET, HTTP/1.1 304 Not Modified, Content-Length: 5000",
    "GET, HTTP/1.1 204 No Content, X: y",
    "HEAD, HTTP/1.1 200 OK, X: y",
  })
  void answersWithoutABodyHaveNone(String method, String status, String field) {
    Wire client = mesh.client();
    client.sends(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire server = mesh.opened();
    server.got();

    server.sends(status + "\r\n" + field + "\r\n\r\n");

    assertThat(client.got()).isEqualTo(status + "\r\n" + field + "\r\n\r\n");
    client.sends(GET);
    assertThat(server.got()).isEqualTo(GET);
  }

  @Test
  void passesInterimAnswersOnAndTheBodyAfterThem() {
    Wire client = mesh.client();
    String head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    client.sends(head);
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo(head);
    server.sends("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    assertThat(client.got())
        .isEqualTo("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    client.sends("hi");
    assertThat(server.got()).isEqualTo("hi");
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void whatFollowsAnAnswerToARequestThatWaitsToBeContinuedIsNotRead() {
    Wire client = mesh.client();
    client.sends(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n");
    Wire server = mesh.opened();
    server.got();
    server.sends("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");

    assertThat(client.got()).contains(" 417 ", "\r\nConnection: close\r\n");
    client.sends(GET);
    assertThat(server.got()).describedAs("a body, or another request?").isEmpty();
    assertThat(server.isActive()).isFalse();
    assertThat(client.got()).isEmpty();
  }

  @Test
  void aServerThatSendsNothingButInterimAnswersIsHeldUpByASlowClient() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    client.block();
    for (int i = 0; i < 100 && server.isRead(); i++) {
      server.sends("HTTP/1.1 103 Early Hints\r\nLink: " + "x".repeat(100) + "\r\n\r\n");
    }
    assertThat(server.isRead()).isFalse();

    client.unblock();
    assertThat(server.isRead()).isTrue();
    server.sends(OK);
    assertThat(client.got()).endsWith(OK);
  }

  @Test
  void anAnswerMayBeCompleteBeforeItsRequest() {
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    Wire server = mesh.opened();
    server.got();
    server.sends(OK);
    assertThat(client.got()).isEqualTo(OK);

    client.sends("cd" + GET);

    assertThat(server.got()).isEqualTo("cd" + GET);
    server.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void whenTheServerReadsNoFurtherTheClientIsToldToClose() {
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\nab");
    Wire server = mesh.opened();
    server.got();
    server.sends("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

    assertThat(client.got())
        .isEqualTo("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assertThat(client.isOutputShutdown()).isTrue();
    client.sends("still sending");
    assertThat(client.isActive()).describedAs("so that the client can read the answer").isTrue();
    client.sendsEnd();
    assertThat(client.isActive()).isFalse();
    assertThat(server.isActive()).isFalse();
  }

  @Test
  void aClientThatIsNotReadAnyMoreIsLeftAfterAWhile() {
    Wire client = mesh.client();
    client.sends("bad\r\n\r\n");
    assertThat(client.got())
        .startsWith("HTTP/1.1 400 Bad Request\r\nx-weft-error: bad_request\r\n");
    assertThat(client.isActive()).isTrue();

    mesh.passes(Duration.ofSeconds(2));

    assertThat(client.isActive()).isFalse();
  }

  @Test
  void speaksHttp10() {
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.0\r\n\r\n");
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo("GET / HTTP/1.1\r\nHost: 10.96.0.1:80\r\n\r\n");
    server.sends(
        "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n0\r\n\r\n");

    assertThat(client.got()).isEqualTo("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    assertThat(client.isActive()).isFalse();
  }

  @Test
  void keepsAnHttp10ConnectionIfItsClientAsks() {
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.sends(OK);

    assertThat(client.got())
        .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok");
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void anAnswerThatEndsWithItsConnectionIsChunkedForTheClient() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends("HTTP/1.0 200 OK\r\n\r\nhello");
    server.sends(" you");
    server.sendsEnd();

    assertThat(client.got())
        .isEqualTo(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n");
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void honoursConnectionCloseOfTheClient() {
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.sends(OK);

    assertThat(client.got())
        .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    assertThat(client.isActive()).isFalse();
    assertThat(server.isActive()).describedAs("the upstream connection is kept").isTrue();
  }

  @Test
  void honoursConnectionCloseOfTheServerWithoutClosingTheClient() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends(
        "HTTP/1.1 200 OK\r\nConnection: Close\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\n"
            + "ok");

    assertThat(client.got()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(server.isActive()).isFalse();
    client.sends(GET);
    assertThat(mesh.opened().got()).isEqualTo(GET);
  }

  @Test
  void takesOutWhatIsBetweenNeighbours() {
    Wire client = mesh.client();
    client.sends(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive, content-length, host\r\n"
            + "x-mine: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip, trailers\r\n"
            + "Upgrade: h2c\r\nHTTP2-Settings: AAA\r\nX-Other: 2\r\nContent-Length: 2\r\n\r\nhi");

    assertThat(mesh.opened().got())
        .isEqualTo(
            "POST / HTTP/1.1\r\n"
                + "Host: a\r\n"
                + "X-Other: 2\r\n"
                + "Content-Length: 2\r\n"
                + "TE: trailers\r\n\r\n"
                + "hi");
  }

  @Test
  void theAuthorityOfAnAbsoluteTargetIsTheHost() {
    Wire client = mesh.client();
    client.sends("GET http://cart:80/a HTTP/1.1\r\nHost: other\r\n\r\n");

    assertThat(mesh.opened().got())
        .isEqualTo("GET http://cart:80/a HTTP/1.1\r\nHost: cart:80\r\n\r\n");
  }

  @Test
  void aClientThatEndsItsSideAfterTheRequestStillGetsItsAnswer() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    client.sendsEnd();
    server.got();
    assertThat(server.isOutputShutdown()).describedAs("as without the mesh").isTrue();
    server.sends(OK);

    assertThat(client.got())
        .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    assertThat(client.isActive()).isFalse();
    assertThat(server.isActive()).isFalse();
  }

  @Test
  void theServerNeverSeesTheEndOfAnUploadThatWasBrokenOff() {
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    Wire server = mesh.opened();
    client.sendsEnd();

    assertThat(server.got()).endsWith("\r\n\r\n2\r\nab\r\n");
    assertThat(server.isActive()).isFalse();
    assertThat(client.isActive()).isFalse();
    assertThat(mesh.metric("weft_requests_total", "response_code=\"499\"")).isEqualTo(1);
  }

  @Test
  void theServerIsToldWhenTheClientIsGone() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    client.close();

    assertThat(server.isActive()).isFalse();
    assertThat(mesh.balancer().loads(mesh.endpointSet()).getFirst().inHand()).isZero();
  }

  @Test
  void anAnswerThatBreaksOffBreaksOffForTheClient() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal");
    server.sendsEnd();

    assertThat(client.got()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal");
    assertThat(client.isActive()).isFalse();
  }

  @Test
  void aSlowClientStopsTheServerFromBeingRead() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    client.block();
    server.sends("HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n" + "x".repeat(3000));
    assertThat(server.isRead()).isFalse();
    client.unblock();
    assertThat(server.isRead()).isTrue();
    server.sends("x".repeat(3000));

    assertThat(client.got())
        .hasSize("HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n".length() + 6000);
  }

  @Test
  void aSlowServerStopsTheClientFromBeingRead() {
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n");
    Wire server = mesh.opened();
    server.got();
    server.block();
    client.sends("x".repeat(3000));
    assertThat(client.isRead()).isFalse();
    server.unblock();
    assertThat(client.isRead()).isTrue();
    client.sends("x".repeat(3000));
    assertThat(server.got()).hasSize(6000);
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aClientThatSendsWhileNobodyIsConnectedIsHeld() {
    mesh.dials.hold = true;
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n");
    client.sends("x".repeat(60_000));
    assertThat(client.isRead()).isTrue();
    client.sends("x".repeat(9_000));
    assertThat(client.isRead()).isFalse();

    mesh.dials.held.setSuccess(mesh.dials.open());
    Wire server = mesh.opened();
    assertThat(server.got()).endsWith("x".repeat(69_000));
    assertThat(client.isRead()).isTrue();
    client.sends("x".repeat(1_000));
    server.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void unusedUpstreamConnectionsAreClosedInTime() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends(OK);
    mesh.passes(Duration.ofMillis(2900));
    assertThat(server.isActive()).isTrue();

    mesh.passes(Duration.ofMillis(200));

    assertThat(server.isActive()).isFalse();
    assertThat(mesh.pod.upstreams()).isZero();
  }

  @Test
  void aConnectionThatWouldBeOpenedOtherwiseNowIsNotUsedAgain() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends(OK);
    mesh.dials.right = false;

    client.sends(GET);

    assertThat(server.isActive()).isFalse();
    assertThat(mesh.opened().got()).isEqualTo(GET);
  }

  @Test
  void bytesThatNobodyAskedForAreNeverTakenForAnAnswer() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends(OK + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
    assertThat(client.got()).isEqualTo(OK);
    assertThat(server.isActive()).isFalse();

    client.sends(GET);
    Wire second = mesh.opened();
    second.sends(OK);
    second.sends("HTTP/1.1 200 OK\r\n\r\n");
    assertThat(second.isActive()).isFalse();
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aConnectionOpenedBeforeTheProtocolWasKnownServesTheFirstRequest() {
    Wire client = mesh.client();
    Wire upstream = new Wire(mesh.ticker, mesh.allocator);
    mesh.dials.all.add(upstream);
    mesh.dials.hold = true;
    client.sends(GET);
    mesh.dials.held.setSuccess(
        new io.weftmesh.proxy.tunnel.Upstream(
            upstream, io.weftmesh.proxy.routing.Security.SAME_NODE, null));

    assertThat(upstream.got()).isEqualTo(GET);
    upstream.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    assertThat(mesh.metric("weft_requests_total", "security=\"same_node\"")).isEqualTo(1);
  }

  @Test
  void aReleasedPodKeepsNoConnections() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    mesh.pod.close();
    mesh.turn();
    server.sends(OK);
    assertThat(client.got()).describedAs("what runs goes on").isEqualTo(OK);
    assertThat(server.isActive()).isFalse();

    mesh.pod.offer(mesh.offer(Place.UNCOUNTED), mesh.dials.open());
    assertThat(mesh.opened().isActive()).isFalse();
    assertThat(mesh.pod.upstreams()).isZero();
  }

  @Test
  void theNextAnswerOfADrainingProxyAsksForAnotherConnection() {
    Wire idle = mesh.client();
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    mesh.draining = true;
    server.sends(OK);

    assertThat(client.got()).contains("\r\nConnection: close\r\n").endsWith("ok");
    assertThat(client.isActive()).isFalse();
    assertThat(idle.isActive()).describedAs("a request may be on its way").isTrue();
  }

  @Test
  void anAddressThatIsNotAServiceIsNeitherRoutedNorShared() {
    var address = Mesh.address("93.184.216.34", 80);
    var outside = new Destination.OutsideDestination(address.getAddress());
    Wire client = mesh.client(outside, address);
    client.sends(GET);
    Wire server = mesh.opened();
    assertThat(mesh.dials.tried.getFirst().address()).isEqualTo(address);
    server.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    mesh.passes(Duration.ofSeconds(30));
    client.sends(GET);
    assertThat(server.got()).describedAs("the connection stands for the client's own").isNotEmpty();
    server.sends(OK);
    client.got();

    server.sendsEnd();

    assertThat(client.isActive()).describedAs("and ends with it").isFalse();
    assertThat(mesh.metric("weft_requests_total", "destination_service=\"outside\"")).isEqualTo(2);
  }

  @Test
  void anAddressIsThePodsThatAPodObjectNamesAndNotThatEndpointsName() {
    var address = Mesh.address("10.0.0.9", 80);
    var named = new Destination.PodDestination(address.getAddress(), "shop", "echo", "uid-1");
    mesh.client(named, address).sends(GET);
    assertThat(mesh.dials.tried.getLast().podUid()).isEqualTo("uid-1");

    var hearsay = new Destination.PodDestination(address.getAddress(), "shop", "", "uid-1");
    mesh.client(hearsay, address).sends(GET);
    assertThat(mesh.dials.tried).hasSize(2);
    assertThat(mesh.dials.tried.getLast().podUid()).isNull();
  }

  // --- answers of the proxy ---

  @Test
  void aRequestThatMeetsNoRouteIsNotFound() {
    mesh.routes(
        Mesh.rule(
            List.of(
                new RouteMatch(
                    Optional.of(new PathMatch.Prefix("/v2")),
                    Optional.empty(),
                    List.of(),
                    List.of())),
            new WeightedBackend(new Backend.Service(Mesh.SHOP), 1)));
    Wire client = mesh.client();
    client.sends("GET /v1?x HTTP/1.1\r\nHost: a\r\n\r\n");

    assertThat(client.got())
        .startsWith("HTTP/1.1 404 Not Found\r\nx-weft-error: no_route\r\n")
        .endsWith("\r\n\r\nweft: shop/cart:80 has routes, and none matches GET /v1\n");
    client.sends("GET /v2/x HTTP/1.1\r\nHost: a\r\n\r\n");
    assertThat(mesh.opened().got()).startsWith("GET /v2/x ");
    assertThat(mesh.metric("weft_requests_total", "response_code=\"404\"", "error=\"no_route\""))
        .isEqualTo(1);
  }

  @Test
  void aBackendThatCannotBeUsedIsAnError() {
    mesh.routes(
        Mesh.rule(
            List.of(),
            new WeightedBackend(
                new Backend.Unresolvable("shop/gone:80", "there is no such Service"), 1)));
    Wire client = mesh.client();
    client.sends(GET);

    assertThat(client.got())
        .startsWith("HTTP/1.1 500 Internal Server Error\r\nx-weft-error: unresolvable_backend\r\n")
        .contains("shop/gone:80")
        .contains("there is no such Service");
    mesh.routes(Mesh.rule(List.of(), new WeightedBackend(new Backend.Service(Mesh.SHOP), 0)));
    client.sends(GET);
    assertThat(client.got()).startsWith("HTTP/1.1 500 ");
  }

  @Test
  void aBackendWithoutEndpointsIsUnavailable() {
    mesh.endpoints(0);
    Wire client = mesh.client();
    client.sends("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");

    assertThat(client.got())
        .startsWith("HTTP/1.1 503 Service Unavailable\r\nx-weft-error: no_endpoint\r\n")
        .endsWith("\r\n\r\n");
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void aRequestThatIsNotReadToItsEndClosesItsConnection() {
    mesh.endpoints(0);
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");

    assertThat(client.got()).contains("\r\nconnection: close\r\n");
    client.sends("cde" + GET);
    assertThat(client.got()).describedAs("nothing more is answered").isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      })
  void anAnswerThatIsNotHttpIsABadGateway(String answer) {
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends(answer);

    assertThat(client.got())
        .startsWith("HTTP/1.1 502 Bad Gateway\r\nx-weft-error: bad_response\r\n")
        .contains("/10.0.0.1:8080 of shop/cart:80");
    assertThat(server.isActive()).isFalse();
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void headsOverTheLimitAreRefusedBothWays() {
    String large = "X: " + "x".repeat(62_000) + "\r\n\r\n";
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.1\r\nHost: a\r\n" + large);
    assertThat(client.got())
        .startsWith(
            "HTTP/1.1 431 Request Header Fields Too Large\r\nx-weft-error: headers_too_large\r\n")
        .contains("connection: close");
    assertThat(mesh.dials.tried).isEmpty();

    Wire second = mesh.client();
    second.sends(GET);
    mesh.opened().sends("HTTP/1.1 200 OK\r\n" + large);
    assertThat(second.got()).contains("x-weft-error: response_headers_too_large");

    Wire third = mesh.client();
    third.sends("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + large);
    assertThat(third.got()).startsWith("HTTP/1.1 431 ");
    assertThat(mesh.opened().isActive()).isFalse();
  }

  @Test
  void aHeadThatIsNeverCompletedIsGivenUp() {
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.1\r\nHo");
    mesh.passes(Duration.ofSeconds(59));
    client.sends("st: a");
    assertThat(client.got()).isEmpty();

    mesh.passes(Duration.ofSeconds(2));

    assertThat(client.got()).startsWith("HTTP/1.1 408 Request Timeout\r\n");
  }

  @Test
  void anIdleConnectionIsKeptAsLongAsItsClientLikes() {
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().sends(OK);
    client.got();

    mesh.passes(Duration.ofHours(5));

    assertThat(client.isActive()).isTrue();
  }
}
