package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Settings;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Http2Test {
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final RetryPolicy RETRY_NOTHING =
      new RetryPolicy(0, Set.of(), false, RetryPolicy.Backoff.DEFAULT, RetryPolicy.Budget.DEFAULT);

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  @Test
  void passesRequestsAndAnswersOnAsTheyAre() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked =
        client.request(
            false,
            ":method",
            "POST",
            ":scheme",
            "https",
            ":authority",
            "Cart:80",
            ":path",
            "/a?b=c",
            "x-b",
            "1",
            "x-a",
            "2",
            "x-b",
            "3",
            "te",
            "trailers");
    Http2Peer server = mesh.openedHttp2();
    Http2Peer.Stream request = server.next();
    assertThat(request.got())
        .isEqualTo(
            ":method=POST :scheme=https :authority=Cart:80 :path=/a?b=c x-b=1 x-a=2 x-b=3"
                + " te=trailers | ");
    asked.data("hello", false);
    assertThat(request.got()).isEqualTo("hello");
    request.headers(false, ":status", "103", "link", "x");
    request.headers(false, ":status", "201", "set-cookie", "a", "set-cookie", "b");
    assertThat(asked.got())
        .isEqualTo(":status=103 link=x | :status=201 set-cookie=a set-cookie=b | ");
    request.data("yes", false);
    assertThat(asked.got()).isEqualTo("yes");
    asked.headers(true, "x-sum", "7");
    assertThat(request.got()).isEqualTo("x-sum=7 END");
    request.headers(true, "grpc-status", "0");
    assertThat(asked.got()).isEqualTo("grpc-status=0 END");
  }

  @Test
  void requestsOfOneClientShareAConnectionAtTheSameTime() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream first = client.get("/1");
    Http2Peer.Stream second = client.get("/2");
    Http2Peer server = mesh.openedHttp2();
    Http2Peer.Stream one = server.next();
    Http2Peer.Stream two = server.next();
    two.headers(true, ":status", "202");
    one.headers(true, ":status", "201");

    assertThat(first.got()).isEqualTo(":status=201 END");
    assertThat(second.got()).isEqualTo(":status=202 END");
    assertThat(mesh.dials.tried).hasSize(1);
    assertThat(mesh.metric("weft_requests_total", "response_code=\"201\"")).isEqualTo(1);
  }

  @Test
  void headsThatEndTheStreamEndItOnTheOtherSideToo() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();

    assertThat(request.got()).endsWith(":path=/ END");
    request.headers(true, ":status", "200", "grpc-status", "5", "grpc-message", "no such thing");
    assertThat(asked.got())
        .describedAs("gRPC takes an answer of trailers alone for one only if it is one frame")
        .isEqualTo(":status=200 grpc-status=5 grpc-message=no such thing END");
  }

  @Test
  void everyStreamIsBalancedByItself() {
    mesh.endpoints(2);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream first = client.get("/1");
    Http2Peer one = mesh.openedHttp2();
    Http2Peer.Stream second = client.get("/2");
    Http2Peer two = mesh.openedHttp2();

    one.next().headers(true, ":status", "200");
    two.next().headers(true, ":status", "200");
    assertThat(first.got()).isEqualTo(":status=200 END");
    assertThat(second.got()).isEqualTo(":status=200 END");
    assertThat(new HashSet<>(mesh.dials.tried)).hasSize(2);
  }

  @Test
  void aStampedeOpensOneConnection() {
    mesh.dials.hold = true;
    Http2Peer client = mesh.http2Client();
    for (int i = 0; i < 50; i++) {
      client.post("/" + i).data("hello", true);
    }
    mesh.dials.held.setSuccess(mesh.dials.open());
    mesh.turn();
    Http2Peer server = mesh.openedHttp2();
    for (int i = 0; i < 50; i++) {
      assertThat(server.next().got()).contains(":path=/" + i + " ").endsWith("helloEND");
    }

    assertThat(mesh.dials.tried).hasSize(1);
  }

  @Test
  void aConnectionThatIsFullGetsAnotherOneBesideIt() {
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    Http2Peer server = mesh.openedHttp2(new Http2Settings().maxConcurrentStreams(2));
    client.get("/2");
    client.get("/3");
    mesh.turn();
    Http2Peer other = mesh.openedHttp2();

    assertThat(server.next().got()).contains("/1");
    assertThat(server.next().got()).contains("/2");
    assertThat(other.next().got()).contains("/3");
    assertThat(mesh.dials.tried).hasSize(2);
  }

  @Test
  void cookieCrumbsArriveAsOneCookie() {
    Http2Peer client = mesh.http2Client();
    client.request(
        true, ":method", "GET", ":scheme", "http", ":path", "/", "cookie", "a=1", "x", "y",
        "cookie", "b=2");

    assertThat(mesh.openedHttp2().next().got())
        .isEqualTo(":method=GET :scheme=http :path=/ cookie=a=1; b=2 x=y END");
  }

  @Test
  void anAnswerMayEndBeforeItsRequest() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.post("/").data("hello", false);
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.headers(false, ":status", "200").data("no more", true);
    assertThat(asked.got()).isEqualTo(":status=200 | no moreEND");
    request.got();
    asked.data("but there is", false);
    assertThat(request.got()).describedAs("the server may read on").isEqualTo("but there is");
    request.reset(Http2Error.NO_ERROR);

    assertThat(asked.got()).isEqualTo("RST NO_ERROR");
    assertThat(mesh.metric("weft_requests_total", "response_code=\"200\"")).isEqualTo(1);
  }

  @Test
  void aClientThatIsNotToldToContinueMustNotSendItsBody() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked =
        client.request(
            false, ":method", "POST", ":scheme", "http", ":path", "/", "expect", "100-continue");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.got();
    request.headers(true, ":status", "417");

    assertThat(asked.got()).isEqualTo(":status=417 ENDRST NO_ERROR");
    assertThat(request.got()).isEqualTo("RST CANCEL");
  }

  @Test
  void answersToHeadHaveALengthAndNoBody() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked =
        client.request(true, ":method", "HEAD", ":scheme", "http", ":path", "/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.headers(false, ":status", "200", "content-length", "1000").data("", true);

    assertThat(asked.got()).isEqualTo(":status=200 content-length=1000 | END");
  }

  // --- what ends too early ---

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aResetByTheClientIsPassedOnAtEveryStep(int step) {
    mesh.dials.hold = step == 0;
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.post("/").data("hello", false);
    if (step == 0) {
      asked.reset(Http2Error.CANCEL);
      mesh.dials.held.setSuccess(mesh.dials.open());
      mesh.turn();
      Http2Peer unused = mesh.openedHttp2();
      assertThat(unused.hasNext()).isFalse();
      return;
    }
    Http2Peer.Stream request = mesh.openedHttp2().next();
    if (step > 1) {
      request.headers(false, ":status", "103");
    }
    if (step > 2) {
      request.headers(false, ":status", "200");
    }
    if (step > 3) {
      request.data("some", false);
    }
    if (step > 4) {
      request.data("all", true);
    }
    request.got();
    asked.reset(Http2Error.CANCEL);

    assertThat(request.got()).isEqualTo("RST CANCEL");
    assertThat(mesh.metric("weft_requests_total", "response_code=\"499\""))
        .isEqualTo(step < 3 ? 1 : 0);
  }

  @ParameterizedTest
  @CsvSource({
    "0, INTERNAL_ERROR, upstream_closed",
    "1, INTERNAL_ERROR, upstream_closed",
    "2, INTERNAL_ERROR, ''",
    "3, CANCEL, ''",
  })
  void aResetByTheEndpointEndsTheAnswerAtEveryStep(int step, Http2Error error, String word) {
    mesh.policy(RETRY_NOTHING, Timeouts.NONE);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    if (step > 0) {
      request.headers(false, ":status", "103");
    }
    if (step > 1) {
      request.headers(false, ":status", "200");
    }
    if (step > 2) {
      request.data("some", false);
    }
    asked.got();
    request.reset(error);

    if (word.isEmpty()) {
      assertThat(asked.got()).isEqualTo("RST INTERNAL_ERROR");
    } else {
      assertThat(asked.got()).startsWith(":status=502 x-weft-error=" + word).endsWith("END");
    }
  }

  @Test
  void aConnectionThatIsLostEndsAllItsStreams() {
    mesh.policy(RETRY_NOTHING, Timeouts.NONE);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream begun = client.get("/1");
    Http2Peer.Stream waiting = client.get("/2");
    Wire wire = mesh.dials.all.getFirst();
    Http2Peer server = mesh.openedHttp2();
    server.next().headers(false, ":status", "200").data("so", false);
    wire.close();

    assertThat(begun.got()).isEqualTo(":status=200 | soRST INTERNAL_ERROR");
    assertThat(waiting.got()).contains("x-weft-error=upstream_closed");
    assertThat(client.isOpen()).isTrue();
  }

  @Test
  void aClientThatIsGoneLeavesNothingBehind() {
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    client.post("/2").data("hello", false);
    Http2Peer server = mesh.openedHttp2();
    Http2Peer.Stream one = server.next();
    Http2Peer.Stream two = server.next();
    one.got();
    two.got();
    mesh.clients.getFirst().close();

    assertThat(one.got()).isEqualTo("RST CANCEL");
    assertThat(two.got()).isEqualTo("RST CANCEL");
    assertThat(server.isOpen()).describedAs("others may use it").isTrue();
  }

  // --- sent again ---

  @Test
  void aRefusedStreamIsTriedOnAnotherEndpointWhateverTheMethod() {
    mesh.endpoints(2);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.post("/").data("hello", true);
    mesh.openedHttp2().next().reset(Http2Error.REFUSED_STREAM);
    mesh.passes(PAUSE);
    Http2Peer.Stream again = mesh.openedHttp2().next();

    assertThat(again.got()).endsWith("helloEND");
    again.headers(true, ":status", "200");
    assertThat(asked.got()).isEqualTo(":status=200 END");
    assertThat(new HashSet<>(mesh.dials.tried)).hasSize(2);
    assertThat(mesh.metric("weft_retries_total", "reason=\"refused\"")).isEqualTo(1);
  }

  @Test
  void whatCameTooLateForAServerThatLeavesIsSentAgainAtOnce() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream served = client.get("/1");
    Http2Peer server = mesh.openedHttp2();
    Http2Peer.Stream one = server.next();
    server.holdOutput();
    server.goAway(0);
    Http2Peer.Stream late =
        client.request(true, ":method", "POST", ":scheme", "http", ":path", "/2");
    server.releaseOutput();
    mesh.turn();
    Http2Peer other = mesh.openedHttp2();

    assertThat(other.next().got()).contains(":path=/2 ");
    one.headers(true, ":status", "200");
    assertThat(served.got()).isEqualTo(":status=200 END");
    assertThat(late.got()).isEmpty();
    mesh.turn();
    assertThat(server.isOpen()).describedAs("closed with its last stream").isFalse();
    assertThat(client.get("/3").got()).isEmpty();
    assertThat(other.next().got()).describedAs("no new stream where one leaves").contains("/3");
  }

  @Test
  void aResetByTheEndpointIsNotTakenForAStaleConnection() {
    mesh.policy(RETRY_NOTHING, Timeouts.NONE);
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    Http2Peer server = mesh.openedHttp2();
    server.next().headers(true, ":status", "200");
    Http2Peer.Stream asked = client.get("/2");
    server.next().reset(Http2Error.INTERNAL_ERROR);

    assertThat(asked.got()).contains("x-weft-error=upstream_closed");
    assertThat(mesh.metric("weft_retries_total")).isZero();
  }

  // --- errors ---

  @ParameterizedTest
  @CsvSource({
    "REFUSED, unreachable, 503, 14",
    "DENIED, denied, 403, 7",
    "TLS, insecure, 503, 14",
    "OVERLOADED, overloaded, 503, 14",
  })
  void saysInTheTermsOfTheClientWhyNobodyCouldBeReached(
      Unreachable.Reason reason, String word, int status, int grpcStatus) {
    mesh.policy(RETRY_NOTHING, Timeouts.NONE);
    mesh.dials.failures.add(reason);
    mesh.dials.failures.add(reason);
    mesh.dials.failures.add(reason);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream plain = client.get("/");
    Http2Peer.Stream call = client.request(true, grpc("application/grpc+proto"));
    Http2Peer.Stream other = client.request(true, grpc("application/grpc-web"));
    mesh.turn();

    assertThat(plain.got())
        .startsWith(":status=" + status + " x-weft-error=" + word + " content-type=text/plain")
        .contains("weft: no connection to /10.0.0.1")
        .endsWith("END");
    assertThat(call.got())
        .startsWith(
            ":status=200 content-type=application/grpc x-weft-error="
                + word
                + " grpc-status="
                + grpcStatus
                + " grpc-message=weft: no connection to ")
        .endsWith(" END");
    assertThat(other.got()).startsWith(":status=" + status);
    assertThat(
            mesh.metric(
                "weft_requests_total",
                "response_code=\"" + status + "\"",
                "error=\"" + word + "\""))
        .isEqualTo(3);
  }

  @Test
  void aTimeoutIsADeadlineThatWasExceeded() {
    mesh.policy(RETRY_NOTHING, new Timeouts(Duration.ofSeconds(1), Duration.ZERO));
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream call = client.request(true, grpc("application/grpc"));
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.got();
    mesh.passes(Duration.ofSeconds(1));

    assertThat(call.got()).contains("x-weft-error=timeout grpc-status=4 ");
    assertThat(request.got()).isEqualTo("RST CANCEL");
  }

  @Test
  void aCallThatIsBrokenOffEndsWithItsStatus() {
    mesh.policy(RETRY_NOTHING, new Timeouts(Duration.ofSeconds(1), Duration.ZERO));
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream call = client.request(true, grpc("application/grpc"));
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.got();
    request.headers(false, ":status", "200", "content-type", "application/grpc");
    assertThat(call.got()).startsWith(":status=200");
    mesh.passes(Duration.ofSeconds(1));

    assertThat(call.got()).startsWith("x-weft-error=timeout grpc-status=4 ").endsWith(" END");
    assertThat(request.got()).isEqualTo("RST CANCEL");
  }

  @Test
  void noRouteIsUnimplemented() {
    mesh.routes();
    Http2Peer client = mesh.http2Client();

    assertThat(client.request(true, grpc("application/grpc;x")).got())
        .contains("x-weft-error=no_route grpc-status=12 ");
    assertThat(client.get("/").got()).startsWith(":status=404 x-weft-error=no_route ");
  }

  @Test
  void connectIsNotSpoken() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.request(false, ":method", "CONNECT", ":authority", "a:80");

    assertThat(asked.got())
        .startsWith(":status=501 x-weft-error=not_supported")
        .endsWith("ENDRST NO_ERROR");
  }

  @Test
  void headsAndTrailersOverTheLimitAreAnswered431() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked =
        client.request(
            true, ":method", "GET", ":scheme", "http", ":path", "/", "x", "y".repeat(62_000));
    assertThat(asked.got()).startsWith(":status=431 x-weft-error=headers_too_large END");

    Http2Peer.Stream posted = client.post("/");
    mesh.openedHttp2();
    posted.headers(true, "x", "y".repeat(62_000));
    assertThat(posted.got()).startsWith(":status=431 x-weft-error=headers_too_large ");
    assertThat(mesh.metric("weft_requests_total", "error=\"headers_too_large\"")).isEqualTo(2);
  }

  @Test
  void answersOverTheLimitAreNotPassedOn() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.got();
    request.headers(true, ":status", "200", "x", "y".repeat(62_000));

    assertThat(asked.got()).startsWith(":status=502 x-weft-error=response_headers_too_large ");
  }

  @Test
  void anEndpointThatDoesNotSpeakHttp2IsToldApart() {
    mesh.policy(RETRY_NOTHING, Timeouts.NONE);
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.post("/").data("hello", true);
    Wire server = mesh.opened();
    server.got();
    server.sends("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

    assertThat(asked.got())
        .startsWith(":status=502 x-weft-error=bad_response ")
        .contains("what is not HTTP/2");
  }

  // --- back-pressure ---

  @Test
  void aSlowReaderStopsTheEndpointAndMemoryStaysBounded() {
    Http2Peer client = mesh.http2Client();
    client.reads = false;
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.headers(false, ":status", "200");
    String block = "x".repeat(64 * 1024);
    for (int i = 0; i < 64; i++) {
      request.data(block, i == 63);
    }
    mesh.turn();
    assertThat(mesh.allocator.metric().usedHeapMemory())
        .describedAs("no more than a window")
        .isLessThan(2 * Http2Codec.STREAM_WINDOW_BYTES);

    int bytes = 0;
    String got = asked.got();
    while (!got.endsWith("END")) {
      int before = bytes;
      bytes += (int) got.chars().filter(c -> c == 'x').count();
      assertThat(before == 0 || bytes > before).describedAs("goes on after %s", bytes).isTrue();
      asked.read();
      mesh.turn();
      got = asked.got();
    }
    bytes += (int) got.chars().filter(c -> c == 'x').count();
    assertThat(bytes).isEqualTo(64 * 64 * 1024);
  }

  @Test
  void aSlowEndpointStopsTheClientAndMemoryStaysBounded() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.post("/");
    Http2Peer server = mesh.openedHttp2();
    server.reads = false;
    String block = "x".repeat(64 * 1024);
    for (int i = 0; i < 64; i++) {
      asked.data(block, i == 63);
    }
    Http2Peer.Stream request = server.next();
    assertThat(mesh.allocator.metric().usedHeapMemory())
        .isLessThan(2 * Http2Codec.STREAM_WINDOW_BYTES);

    int bytes = 0;
    String got = request.got();
    while (!got.endsWith("END")) {
      int before = bytes;
      bytes += (int) got.chars().filter(c -> c == 'x').count();
      assertThat(before == 0 || bytes > before).describedAs("goes on after %s", bytes).isTrue();
      request.read();
      mesh.turn();
      got = request.got();
    }
    bytes += (int) got.chars().filter(c -> c == 'x').count();
    assertThat(bytes).isEqualTo(64 * 64 * 1024);
  }

  // --- connections come and go ---

  @Test
  void clientsOfAPodThatLeavesAreToldInTwoSteps() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream first = client.get("/1");
    Http2Peer server = mesh.openedHttp2();
    mesh.draining = true;
    mesh.pod.leave();
    mesh.turn();

    assertThat(client.connection)
        .containsExactly("GOAWAY 2147483647 NO_ERROR", "PING", "GOAWAY 3 NO_ERROR");
    server.next().headers(true, ":status", "200");
    assertThat(first.got()).isEqualTo(":status=200 END");
    mesh.turn();
    assertThat(client.isOpen()).describedAs("closed with its last stream").isFalse();
    assertThat(server.isOpen()).isFalse();
  }

  @Test
  void aClientWithoutStreamsForTooLongIsToldToComeAgain() {
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15), Duration.ofMinutes(10), LoadBalancing.PEAK_EWMA));
    Http2Peer unused = mesh.http2Client();
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer server = mesh.openedHttp2();
    mesh.passes(Duration.ofMinutes(9));
    server.next().headers(true, ":status", "200");
    assertThat(asked.got()).isEqualTo(":status=200 END");
    mesh.passes(Duration.ofMinutes(2));
    assertThat(unused.connection)
        .containsExactly("GOAWAY 2147483647 NO_ERROR", "PING", "GOAWAY 0 NO_ERROR");
    assertThat(unused.isOpen()).isFalse();
    assertThat(client.isOpen()).describedAs("had a stream two minutes ago").isTrue();

    mesh.passes(Duration.ofMinutes(9));
    assertThat(client.isOpen()).isFalse();
  }

  @Test
  void aStreamThatCrossesTheFirstGoAwayOfAnIdleConnectionIsServed() {
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15), Duration.ofMinutes(10), LoadBalancing.PEAK_EWMA));
    Http2Peer client = mesh.http2Client();
    client.holdOutput();
    Http2Peer.Stream asked = client.get("/late");
    mesh.passes(Duration.ofMinutes(10));
    client.releaseOutput();
    mesh.turn();
    mesh.openedHttp2().next().headers(true, ":status", "200");

    assertThat(asked.got()).isEqualTo(":status=200 END");
    mesh.turn();
    assertThat(client.isOpen()).isFalse();
  }

  @Test
  void anUnusedConnectionIsClosedAfterAMinuteAndSaysSo() {
    Http2Peer client = mesh.http2Client();
    client.get("/");
    Http2Peer server = mesh.openedHttp2();
    server.next().headers(true, ":status", "200");
    mesh.passes(Duration.ofSeconds(59));
    assertThat(server.isOpen()).isTrue();
    mesh.passes(Duration.ofSeconds(2));

    assertThat(server.connection).containsExactly("GOAWAY 0 NO_ERROR");
    assertThat(server.isOpen()).isFalse();
    assertThat(client.isOpen()).isTrue();
  }

  @Test
  void aSilentEndpointIsAskedWhetherItIsThere() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer server = mesh.openedHttp2();
    server.next().headers(false, ":status", "200");
    mesh.passes(Duration.ofSeconds(331));
    assertThat(server.connection).describedAs("it has spoken since").isEmpty();
    mesh.passes(Duration.ofSeconds(331));
    assertThat(server.connection).containsExactly("PING");
    mesh.passes(Duration.ofSeconds(331));
    asked.got();
    server.holdOutput();
    mesh.passes(Duration.ofSeconds(331));
    mesh.passes(Duration.ofSeconds(331));
    mesh.passes(Duration.ofSeconds(21));

    assertThat(asked.got()).isEqualTo("RST INTERNAL_ERROR");
    assertThat(server.isOpen()).isFalse();
  }

  @Test
  void whereNothingIsBalancedEachClientHasConnectionsOfItsOwn() {
    var pod = new Destination.OutsideDestination(InetAddress.ofLiteral("192.0.2.1"));
    Http2Peer one = mesh.http2Client(pod, Mesh.address("192.0.2.1", 80));
    Http2Peer.Stream first = one.get("/1");
    Http2Peer server = mesh.openedHttp2();
    server.next().headers(true, ":status", "200");
    Http2Peer.Stream second = one.get("/2");
    server.next().headers(true, ":status", "200");
    assertThat(first.got() + second.got()).isEqualTo(":status=200 END:status=200 END");
    Http2Peer two = mesh.http2Client(pod, Mesh.address("192.0.2.1", 80));
    two.get("/3");
    Http2Peer other = mesh.openedHttp2();
    assertThat(other.next().got()).contains("/3");

    server.goAway(0);
    mesh.turn();
    assertThat(one.connection).describedAs("what its server says").contains("GOAWAY 5 NO_ERROR");
    assertThat(two.connection).isEmpty();
  }

  // --- what the peers must not do ---

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ":method=GET :path=/",
        ":method=GET :scheme=http",
        ":scheme=http :path=/",
        ":method= :scheme=http :path=/",
        ":method=G@T :scheme=http :path=/",
        ":method=GET :scheme=ht~p :path=/",
        ":method=GET :scheme=http :path=",
        ":method=GET :scheme=http :path=a",
        ":method=GET :scheme=http :path=*",
        ":method=GET :scheme=http :path=/#a",
        ":method=GET :scheme=http :path=http://a/",
        ":method=GET :scheme=http :path=/ :path=/b",
        ":method=GET :scheme=http :path=/ :status=200",
        ":method=GET :scheme=http :path=/ :unknown=a",
        ":method=GET :scheme=http :path=/ :protocol=websocket",
        ":method=CONNECT :protocol=websocket :scheme=http :path=/ :authority=a",
        ":method=CONNECT :path=/ :authority=a",
        ":method=CONNECT",
        ":method=GET :scheme=http :path=/ :authority=",
        ":method=GET :scheme=http :path=/ :authority=user@a",
        ":method=GET :scheme=http :path=/ :authority=a/b",
        ":method=GET :scheme=http :path=/ :authority=a host=b",
        ":method=GET :scheme=http :path=/ host=a host=a",
        ":method=GET :scheme=http :path=/ X=a",
        ":method=GET :scheme=http :path=/ x:=a",
        ":method=GET :scheme=http :path=/ connection=close",
        ":method=GET :scheme=http :path=/ keep-alive=a",
        ":method=GET :scheme=http :path=/ proxy-connection=a",
        ":method=GET :scheme=http :path=/ transfer-encoding=chunked",
        ":method=GET :scheme=http :path=/ upgrade=h2c",
        ":method=GET :scheme=http :path=/ te=gzip",
        ":method=GET :scheme=http :path=/ x=a\\0b",
        ":method=GET :scheme=http :path=/ x=a\\rb",
        ":method=GET :scheme=http :path=/ x=a\\nb",
        ":method=GET :scheme=http :path=/ x=\\ta",
        ":method=GET :scheme=http :path=/ content-length=-1",
        ":method=GET :scheme=http :path=/ content-length=1",
        ":method=GET :scheme=http :path=/ content-length=0 content-length=1",
      })
  void aMalformedRequestIsAStreamErrorAndReachesNobody(String fields) {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.request(true, fields(fields));

    assertThat(asked.got()).isEqualTo("RST PROTOCOL_ERROR");
    assertThat(mesh.dials.tried).isEmpty();
    client.get("/");
    assertThat(mesh.dials.tried).describedAs("other streams go on").hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x=y",
        ":status=",
        ":status=20",
        ":status=abc",
        ":status=099",
        ":status=101",
        ":status=200 :path=/",
        ":status=200 X=y",
        ":status=200 connection=close",
        ":status=200 transfer-encoding=chunked",
        ":status=200 x=a\\nb",
        ":status=200 content-length=5",
        ":status=200 content-length=x",
        ":status=103",
      })
  void aMalformedAnswerIsNotPassedOn(String fields) {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.got();
    request.headers(true, fields(fields));

    assertThat(asked.got()).startsWith(":status=502 x-weft-error=bad_response ");
  }

  @Test
  void aRequestThatIsShorterThanItSaidIsTakenBack() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked =
        client.request(
            false, ":method", "POST", ":scheme", "http", ":path", "/", "content-length", "10");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    asked.data("hello", true);

    assertThat(asked.got()).isEqualTo("RST PROTOCOL_ERROR");
    assertThat(request.got()).endsWith("RST CANCEL").doesNotContain("END");
  }

  @Test
  void anAnswerThatIsShorterThanItSaidIsBrokenOff() {
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream asked = client.get("/");
    Http2Peer.Stream request = mesh.openedHttp2().next();
    request.headers(false, ":status", "200", "content-length", "10").data("hello", true);

    assertThat(asked.got())
        .startsWith(":status=200 content-length=10 | ")
        .endsWith("RST INTERNAL_ERROR");
  }

  private static String[] grpc(String contentType) {
    return new String[] {
      ":method", "POST", ":scheme", "http", ":path", "/a.B/C", "content-type", contentType
    };
  }

  /** {@code name=value} pairs; what CSV can't hold is escaped. */
  private static String[] fields(String text) {
    List<String> fields = new ArrayList<>();
    for (String pair : text.split(" ", -1)) {
      int equals = pair.indexOf('=', 1);
      fields.add(pair.substring(0, equals));
      fields.add(pair.substring(equals + 1).translateEscapes());
    }
    return fields.toArray(String[]::new);
  }
}
