package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RetryPolicy.Backoff;
import io.weftmesh.policy.model.RetryPolicy.Budget;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.proxy.tunnel.Unreachable.Reason;
import io.weftmesh.proxy.tunnel.Upstream;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // lines on the wire end in CR LF
class RetryTest {
  private static final String GET = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String POST =
      "POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String UNAVAILABLE =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final Budget PLENTY = new Budget(10, 100);

  private final Mesh mesh = new Mesh().endpoints(3);

  @AfterEach
  void everythingWasGivenBack() {
    mesh.close();
  }

  // --- endpoints that can't be connected to ---

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"REFUSED", "TIMED_OUT", "DENIED", "TLS", "PLAINTEXT_FORBIDDEN", "GONE"})
  void triesAnotherEndpointWhenOneCannotBeReached(Reason reason) {
    mesh.dials.failures.add(reason);
    mesh.dials.failures.add(reason);
    Wire client = mesh.client();
    client.sends(POST);
    mesh.passes(PAUSE);
    mesh.passes(PAUSE);
    Wire server = mesh.opened();
    assertThat(server.got()).describedAs("nothing was sent, so even a POST").isEqualTo(POST);
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
    assertThat(new HashSet<>(mesh.dials.tried)).describedAs("another each time").hasSize(3);
    assertThat(mesh.metric("weft_retries_total", "reason=\"connect\"")).isEqualTo(2);
    assertThat(mesh.metric("weft_requests_total", "response_code=\"200\"")).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "REFUSED, 503, unreachable, 4",
    "TIMED_OUT, 503, unreachable, 4",
    "GONE, 503, unreachable, 4",
    "DENIED, 403, denied, 4",
    "TLS, 503, insecure, 4",
    "PLAINTEXT_FORBIDDEN, 503, insecure, 4",
    "NO_IDENTITY, 503, no_identity, 1",
    "OVERLOADED, 503, overloaded, 1",
  })
  void saysWhyNobodyCouldBeReached(Reason reason, int status, String word, int tries) {
    for (int i = 0; i < 10; i++) {
      mesh.dials.failures.add(reason);
    }
    Wire client = mesh.client();
    client.sends(GET);
    for (int i = 0; i < 5; i++) {
      mesh.passes(PAUSE);
    }

    assertThat(client.got())
        .startsWith("HTTP/1.1 " + status + " ")
        .contains("\r\nx-weft-error: " + word + "\r\n")
        .contains("of shop/cart:80")
        .contains("told to fail");
    assertThat(mesh.dials.tried).hasSize(tries);
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void aConnectionThatIsClosedAsSoonAsItIsOpenIsNone() {
    mesh.dials.hold = true;
    Wire client = mesh.client();
    client.sends(POST);
    Upstream dead = mesh.dials.open();
    dead.channel().close();
    mesh.opened();
    mesh.dials.hold = false;
    mesh.dials.held.setSuccess(dead);
    mesh.passes(PAUSE);
    Wire server = mesh.opened();
    assertThat(server.got()).isEqualTo(POST);
    server.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aClientThatHasEndedItsSideIsRetriedForOnlyIfNothingWasSent() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    mesh.dials.failures.add(Reason.REFUSED);
    Wire client = mesh.client();
    client.sends(GET);
    client.sendsEnd();
    mesh.passes(PAUSE);
    mesh.opened().sends(UNAVAILABLE);

    assertThat(client.got()).startsWith("HTTP/1.1 503 ").endsWith("busy");
  }

  @Test
  void givesUpAConnectThatTakesTooLong() {
    mesh.settings(
        new BackendSettings(Duration.ofSeconds(2), Duration.ZERO, LoadBalancing.PEAK_EWMA));
    mesh.dials.hold = true;
    Wire client = mesh.client();
    client.sends(GET);
    mesh.passes(Duration.ofSeconds(2));
    mesh.dials.hold = false;
    mesh.passes(PAUSE);
    mesh.opened().sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void pausesLongerBeforeEachRetryAndNeverTheSame() {
    mesh.policy(
        new RetryPolicy(
            4,
            Set.of(),
            false,
            new Backoff(Duration.ofMillis(100), Duration.ofMillis(300)),
            PLENTY),
        Timeouts.NONE);
    for (int i = 0; i < 5; i++) {
      mesh.dials.failures.add(Reason.REFUSED);
    }
    Wire client = mesh.client();
    client.sends(GET);
    long[][] bounds = {{50, 100}, {100, 200}, {150, 300}, {150, 300}};
    for (int retry = 0; retry < 4; retry++) {
      int before = mesh.dials.tried.size();
      long waited = 0;
      while (mesh.dials.tried.size() == before) {
        mesh.passes(Duration.ofMillis(1));
        waited++;
        assertThat(waited).isLessThanOrEqualTo(301);
      }
      assertThat(waited).isBetween(bounds[retry][0], bounds[retry][1] + 1);
    }

    assertThat(client.got()).startsWith("HTTP/1.1 503 ");
  }

  // --- answers ---

  @Test
  void triesAnotherEndpointForTheStatusCodesThatThePolicyLists() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    Wire first = mesh.opened();
    first.sends(UNAVAILABLE);
    assertThat(client.got()).isEmpty();
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    assertThat(second.got()).isEqualTo(GET);
    second.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
    assertThat(mesh.dials.tried.get(0)).isNotEqualTo(mesh.dials.tried.get(1));
    assertThat(first.isActive()).describedAs("an answer that ends is read to its end").isTrue();
    assertThat(mesh.metric("weft_retries_total", "reason=\"status\"")).isEqualTo(1);
  }

  @Test
  void passesTheLastAnswerOnWhenTheRetriesAreUsedUp() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    for (int i = 0; i < 3; i++) {
      mesh.opened().sends(UNAVAILABLE);
      mesh.passes(PAUSE);
    }

    assertThat(client.got()).isEqualTo(UNAVAILABLE);
    assertThat(mesh.dials.tried).hasSize(3);
  }

  @Test
  void passesStatusCodesOnThatThePolicyDoesNotList() {
    mesh.policy(statuses(2, 502), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().sends(UNAVAILABLE);

    assertThat(client.got()).isEqualTo(UNAVAILABLE);
  }

  @Test
  void aLongAnswerThatNobodyWantsIsNotReadToItsEnd() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    Wire first = mesh.opened();
    first.sends("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 70 && first.isActive(); i++) {
      first.sends("400\r\n" + "x".repeat(1024) + "\r\n");
    }
    assertThat(first.isActive()).isFalse();
    mesh.passes(PAUSE);
    mesh.opened().sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void sendsWhatIsNotIdempotentAgainOnlyIfThePolicySaysSo() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(POST);
    mesh.opened().sends(UNAVAILABLE);
    assertThat(client.got()).isEqualTo(UNAVAILABLE);

    mesh.policy(new RetryPolicy(2, Set.of(503), true, Backoff.DEFAULT, PLENTY), Timeouts.NONE);
    mesh.passes(Duration.ofSeconds(5));
    client.sends(POST);
    mesh.opened().sends(UNAVAILABLE);
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    assertThat(second.got()).isEqualTo(POST);
    second.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
  void sendsWhatIsIdempotentAgain(String method) {
    mesh.policy(statuses(1, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    mesh.opened().sends("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    mesh.passes(PAUSE);

    assertThat(mesh.opened().got())
        .isEqualTo(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  }

  @Test
  void sendsAnUploadAgainThatIsStillComing() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    String head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.sends(head + "3\r\nabc\r\n");
    Wire first = mesh.opened();
    first.sends(UNAVAILABLE);
    client.sends("3\r\ndef\r\n");
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    assertThat(second.got()).isEqualTo(head + "6\r\nabcdef\r\n");
    client.sends("0\r\nX: y\r\n\r\n");
    assertThat(second.got()).isEqualTo("0\r\nX: y\r\n\r\n");
    second.sends(OK);

    assertThat(client.got()).isEqualTo(OK);
    assertThat(first.isActive()).describedAs("it got half a request").isFalse();
  }

  @Test
  void aBodyThatIsTooLargeToBeKeptIsNotSentAgain() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    client.sends("x".repeat(65_537));
    mesh.opened().sends(UNAVAILABLE);

    assertThat(client.got()).isEqualTo(UNAVAILABLE);

    client.sends("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
    client.sends("x".repeat(65_536));
    mesh.dials.all.getFirst().sends(UNAVAILABLE);
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    assertThat(second.got()).endsWith("\r\n\r\n" + "x".repeat(65_536));
    second.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void nothingIsSentAgainOnceAByteOfTheAnswerWasPassedOn() {
    mesh.policy(statuses(2, 200, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends("HTTP/1.1 103 Early Hints\r\n\r\n");
    server.sends(UNAVAILABLE);

    assertThat(client.got()).isEqualTo("HTTP/1.1 103 Early Hints\r\n\r\n" + UNAVAILABLE);
    mesh.passes(PAUSE);
    assertThat(mesh.dials.tried).hasSize(1);
  }

  @Test
  void aContinueIsPassedOnOnceHoweverOftenTheRequestIsSent() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    Wire first = mesh.opened();
    first.sends("HTTP/1.1 100 Continue\r\n\r\n");
    assertThat(client.got()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    client.sends("hi");
    first.sends(UNAVAILABLE);
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    assertThat(second.got()).endsWith("\r\n\r\nhi");
    second.sends("HTTP/1.1 100 Continue\r\n\r\n" + OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  // --- connections that break ---

  @Test
  void whatIsSafeIsSentAgainWhenTheConnectionBreaksBeforeTheAnswer() {
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().close();
    mesh.passes(PAUSE);
    mesh.opened().sends(OK);

    assertThat(client.got()).isEqualTo(OK);
    assertThat(mesh.metric("weft_retries_total", "reason=\"reset\"")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH"})
  void whatMayHaveBeenDoneIsNotSentAgain(String method) {
    Wire client = mesh.client();
    client.sends(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    mesh.opened().sendsEnd();

    assertThat(client.got())
        .startsWith("HTTP/1.1 502 Bad Gateway\r\nx-weft-error: upstream_closed\r\n")
        .contains(" of shop/cart:80 closed the connection before it answered");
    assertThat(mesh.dials.tried).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "DELETE"})
  void aPooledConnectionThatTurnsOutClosedIsReplacedAtOnce(String method) {
    mesh.endpoints(1);
    Wire client = mesh.client();
    client.sends(GET);
    Wire pooled = mesh.opened();
    pooled.sends(OK);
    client.got();
    String request = method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    client.sends(request);
    assertThat(pooled.got()).endsWith(request);
    pooled.sendsEnd();

    Wire fresh = mesh.opened();
    assertThat(fresh.got()).isEqualTo(request);
    fresh.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    assertThat(mesh.metric("weft_retries_total", "reason=\"stale_connection\"")).isEqualTo(1);
  }

  @Test
  void aPostOnAPooledConnectionThatTurnsOutClosedIsNotSentAgain() {
    mesh.endpoints(1);
    Wire client = mesh.client();
    client.sends(GET);
    Wire pooled = mesh.opened();
    pooled.sends(OK);
    client.got();
    client.sends(POST);
    pooled.sendsEnd();

    assertThat(client.got()).startsWith("HTTP/1.1 502 ");
  }

  @Test
  void aPostTakesNoConnectionThatItsServerMayBeAboutToClose() {
    mesh.endpoints(1);
    Wire client = mesh.client();
    client.sends(GET);
    Wire pooled = mesh.opened();
    pooled.sends(OK);
    mesh.passes(Duration.ofMillis(1100));
    client.sends(POST);

    assertThat(mesh.opened().got()).isEqualTo(POST);
  }

  @Test
  void halfAHeadIsNoAnswer() {
    Wire client = mesh.client();
    client.sends(GET);
    Wire first = mesh.opened();
    first.sends("HTTP/1.1 200 O");
    first.sendsEnd();
    mesh.passes(PAUSE);
    mesh.opened().sends(OK);

    assertThat(client.got()).isEqualTo(OK);
  }

  // --- bounds ---

  @Test
  void theBudgetBoundsAllRetriesOfTheServiceTogether() {
    mesh.policy(
        new RetryPolicy(3, Set.of(503), false, Backoff.DEFAULT, new Budget(0.2, 0)), Timeouts.NONE);
    Wire client = mesh.client();
    int answered = 0;
    for (int i = 0; i < 50; i++) {
      client.sends(GET);
      for (int tries = 0; tries < 5; tries++) {
        for (Wire server : mesh.dials.all) {
          if (!server.got().isEmpty()) {
            server.sends(UNAVAILABLE);
          }
        }
        mesh.passes(PAUSE);
      }
      answered += client.got().equals(UNAVAILABLE) ? 1 : 0;
    }

    assertThat(answered).isEqualTo(50);
    // A ten-second window never holds more than 7 requests here: one retry at a time.
    assertThat(mesh.metric("weft_retries_total")).isBetween(5.0, 10.0);
    assertThat(mesh.metric("weft_retry_budget_exhausted_total")).isGreaterThan(35);
  }

  @Test
  void noRetryAtAllWithoutAttempts() {
    mesh.policy(new RetryPolicy(0, Set.of(503), false, Backoff.DEFAULT, PLENTY), Timeouts.NONE);
    mesh.dials.failures.add(Reason.REFUSED);
    Wire client = mesh.client();
    client.sends(GET);

    assertThat(client.got()).startsWith("HTTP/1.1 503 ");
  }

  @Test
  void aTryThatTakesTooLongIsAGatewayTimeout() {
    mesh.policy(RetryPolicy.DEFAULT, new Timeouts(Duration.ZERO, Duration.ofSeconds(1)));
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    mesh.passes(Duration.ofSeconds(1));

    assertThat(client.got())
        .startsWith("HTTP/1.1 504 Gateway Timeout\r\nx-weft-error: try_timeout\r\n")
        .contains("did not answer in PT1S");
    assertThat(server.isActive()).isFalse();
  }

  @Test
  void aTryThatTakesTooLongIsSentElsewhereIfThePolicyLists504() {
    mesh.policy(statuses(1, 504), new Timeouts(Duration.ZERO, Duration.ofSeconds(1)));
    Wire client = mesh.client();
    client.sends(GET);
    Wire slow = mesh.opened();
    mesh.passes(Duration.ofSeconds(1));
    assertThat(slow.isActive()).isFalse();
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    mesh.passes(Duration.ofMillis(900));
    second.sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    mesh.passes(Duration.ofSeconds(5));
    second.sends("ok");

    assertThat(client.got()).describedAs("the time is for the head alone").isEqualTo(OK);
    assertThat(mesh.metric("weft_retries_total", "reason=\"try_timeout\"")).isEqualTo(1);
  }

  @Test
  void theWholeRequestHasATimeRetriesIncluded() {
    mesh.policy(statuses(10, 503), new Timeouts(Duration.ofSeconds(1), Duration.ZERO));
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().sends(UNAVAILABLE);
    mesh.passes(PAUSE);
    Wire second = mesh.opened();
    mesh.passes(Duration.ofMillis(710));

    assertThat(client.got())
        .startsWith("HTTP/1.1 504 Gateway Timeout\r\nx-weft-error: timeout\r\n");
    assertThat(second.isActive()).isFalse();
    assertThat(client.isActive()).isTrue();
  }

  @Test
  void anAnswerThatIsNotCompleteInTimeIsBrokenOff() {
    mesh.policy(RetryPolicy.DEFAULT, new Timeouts(Duration.ofSeconds(1), Duration.ZERO));
    Wire client = mesh.client();
    client.sends(GET);
    Wire server = mesh.opened();
    server.sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal");
    mesh.passes(Duration.ofSeconds(1));

    assertThat(client.isActive()).isFalse();
    assertThat(server.isActive()).isFalse();
  }

  @Test
  void anIdleExchangeIsGivenUp() {
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(5), Duration.ofSeconds(30), LoadBalancing.PEAK_EWMA));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    Wire server = mesh.opened();
    for (int i = 0; i < 5; i++) {
      mesh.passes(Duration.ofSeconds(20));
      client.sends("x");
    }
    assertThat(client.got()).isEmpty();
    mesh.passes(Duration.ofSeconds(31));

    assertThat(client.got()).startsWith("HTTP/1.1 504 ").contains("x-weft-error: idle_timeout");
    assertThat(server.isActive()).isFalse();
  }

  @Test
  void aClientThatLeavesDuringAPauseIsNotServedAnyMore() {
    mesh.policy(statuses(2, 503), Timeouts.NONE);
    Wire client = mesh.client();
    client.sends(GET);
    mesh.opened().sends(UNAVAILABLE);
    client.close();
    mesh.passes(PAUSE);

    assertThat(mesh.dials.tried).hasSize(1);
  }

  @Test
  void aConnectionThatComesTooLateIsKeptForOthers() {
    mesh.dials.hold = true;
    Wire client = mesh.client();
    client.sends(GET);
    client.close();
    mesh.dials.held.setSuccess(mesh.dials.open());

    assertThat(mesh.opened().isActive()).isTrue();
    assertThat(mesh.pod.upstreams()).isEqualTo(1);
    mesh.passes(Duration.ofSeconds(3));
    assertThat(mesh.pod.upstreams()).isZero();
  }

  private static RetryPolicy statuses(int attempts, Integer... codes) {
    return new RetryPolicy(attempts, Set.copyOf(List.of(codes)), false, Backoff.DEFAULT, PLENTY);
  }
}
