package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that begin something and do not go on: all of it ends at a time that can be named. */
class SlowPeerTest {
  private static final Duration HEAD = HttpSettings.DEFAULT.headTimeout();
  private static final Duration IDLE = Duration.ofHours(1);
  private static final Duration LITTLE = Duration.ofMillis(10);
  private static final String SENT = ":method=POST :scheme=http :path=/sent";

  private final Mesh mesh = new Mesh();
  private final FrameLog log = new FrameLog();

  @AfterEach
  void everythingWasGivenBack() {
    log.close();
    mesh.close();
  }

  // --- HTTP/1 ---

  @ParameterizedTest
  @ValueSource(strings = {"P", "POST /sent HT", "POST /sent HTTP/1.1\r\nHost: a\r\n", "\r\n"})
  void aHeadThatDripsIsAnswered408(String begun) {
    Wire client = mesh.client();
    client.sends(begun);
    for (int i = 0; i < 59; i++) {
      mesh.passes(Duration.ofSeconds(1));
      client.sends("X");
    }
    assertThat(client.got()).isEmpty();
    mesh.passes(Duration.ofSeconds(1));

    assertThat(HostileText.answers(client.got())).containsExactly("408 request_timeout");
    mesh.passes(Duration.ofSeconds(3));
    assertThat(client.isActive()).isFalse();
    assertThat(mesh.dials.tried).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 35\r\n\r\nGET",
        "Transfer-Encoding: chunked\r\n\r\n2",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nX",
      })
  void aBodyThatStallsIsAnswered504AndHasNoEnd(String begun) {
    Wire client = mesh.client();
    client.sends("POST /sent HTTP/1.1\r\nHost: a\r\n" + begun);
    Wire server = mesh.opened();
    mesh.passes(IDLE.minus(LITTLE));
    assertThat(client.got()).isEmpty();
    mesh.passes(LITTLE);

    assertThat(HostileText.answers(client.got())).containsExactly("504 idle_timeout");
    assertThat(server.isActive()).isFalse();
    mesh.passes(Duration.ofSeconds(3));
    assertThat(client.isActive()).isFalse();
  }

  @Test
  void aBodyThatDripsEndsWithTheTimeOfItsRequest() {
    mesh.policy(RetryPolicy.DEFAULT, new Timeouts(Duration.ofSeconds(10), Duration.ZERO));
    Wire client = mesh.client();
    client.sends("POST /sent HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n");
    for (int i = 0; i < 10; i++) {
      client.sends("x");
      mesh.passes(Duration.ofSeconds(1));
    }

    assertThat(HostileText.answers(client.got())).containsExactly("504 timeout");
  }

  @Test
  void aClientThatNeverReadsTheLastAnswerIsLeft() {
    Wire client = mesh.client();
    client.block();
    client.sends("GET /sent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    mesh.opened().sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    mesh.passes(IDLE.minus(LITTLE));
    assertThat(client.isActive()).isTrue();
    mesh.passes(LITTLE);

    assertThat(client.isActive()).isFalse();
  }

  // --- HTTP/2 ---

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text PRI",
        "headers 1 more " + SENT,
        "headers 1 more " + SENT + "; continuation 1 more x=y",
        "text \\0",
        "text \\0\\0\\5\\0\\0\\0\\0\\0",
        "text \\0\\0\\10\\6\\0\\0\\0\\0\\0abc",
      })
  void aFrameOrHeadThatIsNotCompletedEndsTheConnection(String begun) {
    Wire client = mesh.http2Wire();
    if (begun.equals("text PRI")) {
      client.sends("PRI");
    } else {
      new HostileScript(client).play(begun);
    }
    mesh.passes(HEAD.minus(LITTLE));
    assertThat(client.isActive()).isTrue();
    mesh.passes(LITTLE);

    assertThat(client.isActive()).isFalse();
    assertThat(log.read(client)).isEqualTo(List.of("GOAWAY ENHANCE_YOUR_CALM"));
    assertThat(mesh.dials.tried).isEmpty();
    assertThat(mesh.metric("weft_requests_total", "error=\"request_timeout\"")).isEqualTo(1);
  }

  @Test
  void continuationsThatDripDoNotProlongTheirHead() {
    Wire client = mesh.http2Wire();
    var script = new HostileScript(client);
    script.play("headers 1 more " + SENT);
    for (int i = 0; i < 12; i++) {
      mesh.passes(Duration.ofSeconds(5));
      script.play("continuation 1 more x=y");
    }

    assertThat(client.isActive()).isFalse();
  }

  @Test
  void aClientThatCompletesWhatItBeginsIsKeptAsLongAsItLikes() {
    Wire client = mesh.http2Wire();
    var script = new HostileScript(client);
    for (int i = 0; i < 6; i++) {
      script.play("headers $ more " + SENT);
      mesh.passes(Duration.ofSeconds(50));
      script.play("continuation " + (2 * i + 1));
      script.play("text \\0\\0\\2\\0\\1\\0\\0\\0" + (char) (2 * i + 1) + "h");
      mesh.passes(Duration.ofSeconds(50));
      script.play("text i");
    }
    mesh.passes(HEAD.multipliedBy(5));

    assertThat(client.isActive()).isTrue();
    assertThat(log.read(client)).noneMatch(event -> event.startsWith("GOAWAY"));
  }

  @Test
  void aStreamWhoseBodyStallsIsAnswered504() {
    Wire client = mesh.http2Wire();
    new HostileScript(client).play("headers 1 " + SENT + "; data 1 hello");
    mesh.passes(IDLE);

    assertThat(log.read(client)).containsExactly("1=504 idle_timeout", "1=RST NO_ERROR");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void anAnswerThatAClientNeverTakesIsGivenUp(int window) {
    Wire client = mesh.http2Wire();
    new HostileScript(client).play("settings 4=" + window + "; headers 1 end " + SENT);
    Http2Peer server = mesh.openedHttp2();
    Http2Peer.Stream request = server.next();
    request.headers(false, ":status", "200").data("hello", true);
    mesh.passes(IDLE.minus(LITTLE));
    assertThat(log.read(client)).containsExactly("1=200");
    mesh.passes(LITTLE);

    assertThat(log.read(client)).containsExactly("1=200", "1=RST INTERNAL_ERROR");
  }

  @Test
  void anErrorThatAClientNeverTakesIsGivenUp() {
    mesh.endpoints(0);
    Wire client = mesh.http2Wire();
    new HostileScript(client).play("settings 4=0; headers 1 end " + SENT);
    mesh.passes(IDLE.minus(LITTLE));
    assertThat(log.read(client)).containsExactly("1=503 no_endpoint");
    mesh.passes(LITTLE);

    assertThat(log.read(client)).containsExactly("1=503 no_endpoint", "1=RST CANCEL");
  }
}
