package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.FaultPolicy;
import io.weftmesh.policy.model.HashKey;
import io.weftmesh.policy.model.HeaderMatch;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.RateLimit;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.model.WeightedDraw;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What policies do with requests beyond routing them: rates, faults, limits, ties, retries. */
class PolicyTest {
  private static final String GET = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingIsGivenBack() {
    mesh.close();
  }

  @Test
  void whatComesTooSoonIsToldWhenToComeAgain() {
    requests(
        new RequestPolicy(
            Timeouts.NONE,
            RetryPolicy.DEFAULT,
            Optional.empty(),
            Optional.of(
                new RateLimit(
                    "TrafficPolicy shop/cart",
                    Optional.of(new RateLimit.Rate(1, Duration.ofSeconds(10), 2)),
                    Optional.empty()))));
    Wire client = mesh.client();
    for (int i = 0; i < 2; i++) {
      client.sends(GET);
      answer(OK);
      assertThat(client.got()).isEqualTo(OK);
    }
    client.sends(GET);

    assertThat(client.got())
        .startsWith("HTTP/1.1 429 Too Many Requests\r\nx-weft-error: rate_limited\r\n")
        .contains("retry-after: 10\r\n")
        .contains("TrafficPolicy shop/cart lets no more requests through");
    mesh.passes(Duration.ofSeconds(10));
    client.sends(GET);
    answer(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aFaultDelaysAndThenAborts() {
    fault(
        new FaultPolicy(
            List.of(new HeaderMatch("x-test", "1")),
            Optional.of(new FaultPolicy.Delay(Duration.ofSeconds(2), 100)),
            Optional.of(new FaultPolicy.Abort(new FaultPolicy.Answer.Http(418), 100))));
    Wire client = mesh.client();
    client.sends("GET / HTTP/1.1\r\nHost: cart\r\nX-Test: 1\r\n\r\n");
    mesh.passes(Duration.ofMillis(1_900));
    assertThat(client.got()).isEmpty();
    mesh.passes(Duration.ofMillis(200));

    assertThat(client.got())
        .startsWith("HTTP/1.1 418 ")
        .contains("x-weft-error: fault_injected\r\n");
    assertThat(mesh.dials.all).isEmpty();
    client.sends(GET);
    answer(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aDelayedRequestGoesOnWithItsBody() {
    fault(
        new FaultPolicy(
            List.of(),
            Optional.of(new FaultPolicy.Delay(Duration.ofSeconds(1), 100)),
            Optional.empty()));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 4\r\n\r\nbody");
    assertThat(mesh.dials.all).isEmpty();
    mesh.passes(Duration.ofMillis(1_100));
    Wire upstream = mesh.opened();

    assertThat(upstream.got()).endsWith("\r\n\r\nbody");
    upstream.sends(OK);
    assertThat(client.got()).isEqualTo(OK);
  }

  @Test
  void aClientThatLeavesWhileItsRequestIsDelayedLeavesNothing() {
    fault(
        new FaultPolicy(
            List.of(),
            Optional.of(new FaultPolicy.Delay(Duration.ofSeconds(1), 100)),
            Optional.empty()));
    Wire client = mesh.client();
    client.sends("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 4\r\n\r\nbo");
    client.close();
    mesh.passes(Duration.ofSeconds(2));

    assertThat(mesh.dials.all).isEmpty();
  }

  @Test
  void requestsBeyondTheLimitAreRefusedAtOnce() {
    mesh.settings(limits(new TrafficLimits(TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED, 1)));
    Wire first = mesh.client();
    first.sends(GET);
    Wire upstream = mesh.opened();
    Wire second = mesh.client();
    second.sends(GET);

    assertThat(second.got())
        .startsWith("HTTP/1.1 503 Service Unavailable\r\nx-weft-error: limit_reached\r\n")
        .contains("its limit of 1 requests in hand is reached");
    upstream.sends(OK);
    assertThat(first.got()).isEqualTo(OK);
    second.sends(GET);
    mesh.opened().sends(OK);
    assertThat(second.got()).isEqualTo(OK);
  }

  @Test
  void requestsThatWaitForAConnectionAreLimitedApart() {
    mesh.settings(limits(new TrafficLimits(TrafficLimits.UNLIMITED, 1, TrafficLimits.UNLIMITED)));
    mesh.dials.hold = true;
    Wire first = mesh.client();
    first.sends(GET);
    Wire second = mesh.client();
    second.sends(GET);
    assertThat(second.got()).contains("x-weft-error: limit_reached\r\n");

    mesh.dials.hold = false;
    mesh.dials.held.setSuccess(mesh.dials.open());
    mesh.turn();
    Wire upstream = mesh.opened();
    assertThat(upstream.got()).startsWith("GET / ");
    second.sends(GET);
    assertThat(mesh.opened().got()).startsWith("GET / ");
    first.close();
    second.close();
  }

  @Test
  void aHeaderTiesRequestsToAnEndpoint() {
    mesh.endpoints(5);
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15),
            Duration.ofHours(1),
            new LoadBalancing(
                new Algorithm.RingHash(new HashKey.Header("x-user")), Duration.ZERO)));
    Set<Object> endpoints = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      Wire client = mesh.client();
      client.sends("GET / HTTP/1.1\r\nHost: cart\r\nX-User: ada\r\nConnection: close\r\n\r\n");
      mesh.opened().sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
      endpoints.add(mesh.dials.tried.getLast());
    }

    assertThat(endpoints).hasSize(1);
  }

  @Test
  void anEndpointThatFailsInARowIsLeftOut() {
    mesh.endpoints(2);
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15),
            Duration.ofHours(1),
            new LoadBalancing(new Algorithm.RoundRobin(), Duration.ZERO),
            Optional.of(
                new OutlierEjection(
                    2, Optional.empty(), Duration.ofSeconds(30), Duration.ofMinutes(5), 50)),
            TrafficLimits.NONE,
            TrafficLimits.NONE));
    Object bad = mesh.endpointSet().ready().getFirst();
    int toBad = 0;
    for (int i = 0; i < 20; i++) {
      Wire client = mesh.client();
      client.sends("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
      boolean fails = mesh.dials.tried.getLast().equals(bad);
      toBad += fails ? 1 : 0;
      mesh.opened()
          .sends(
              "HTTP/1.1 "
                  + (fails ? 503 : 200)
                  + " X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }

    assertThat(toBad).isEqualTo(2);
    assertThat(mesh.balancer().loads(mesh.endpointSet()).getFirst().ejected()).isPresent();
  }

  @Test
  void retryAfterIsWaitedForUpToABound() {
    retries(
        new RetryPolicy(
            2,
            Set.of(503),
            Set.of(),
            false,
            false,
            RetryPolicy.Backoff.DEFAULT,
            Duration.ofSeconds(3),
            RetryPolicy.Budget.DEFAULT));
    Wire client = mesh.client();
    client.sends(GET);
    Wire upstream = mesh.opened();
    upstream.sends("HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n");
    upstream.got();
    mesh.passes(Duration.ofMillis(1_900));
    assertThat(upstream.got()).isEmpty();
    mesh.passes(Duration.ofMillis(200));
    assertThat(upstream.got()).startsWith("GET / ");

    upstream.sends("HTTP/1.1 503 No\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n");
    assertThat(client.got()).startsWith("HTTP/1.1 503 No\r\nRetry-After: 4\r\n");
  }

  @Test
  void aResetIsRetriedForWhatMayBeRepeatedOnlyWhenThatWasOptedIn() {
    Wire client = mesh.client();
    client.sends("PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 1\r\n\r\nx");
    mesh.opened().close();
    mesh.passes(Duration.ofSeconds(1));
    assertThat(client.got()).startsWith("HTTP/1.1 502 ");

    retries(
        new RetryPolicy(
            2,
            Set.of(),
            Set.of(),
            true,
            false,
            RetryPolicy.Backoff.DEFAULT,
            Duration.ofSeconds(3),
            RetryPolicy.Budget.DEFAULT));
    Wire again = mesh.client();
    again.sends("PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 1\r\n\r\nx");
    mesh.opened().close();
    mesh.passes(Duration.ofSeconds(1));
    answer(OK);
    assertThat(again.got()).isEqualTo(OK);
  }

  /** Answers on the connection that has a request. */
  private void answer(String text) {
    for (Wire upstream : mesh.dials.all) {
      if (upstream.isActive() && !upstream.got().isEmpty()) {
        upstream.sends(text);
        return;
      }
    }
    throw new AssertionError("no request is upstream");
  }

  private void fault(FaultPolicy fault) {
    requests(
        new RequestPolicy(
            Timeouts.NONE, RetryPolicy.DEFAULT, Optional.of(fault), Optional.empty()));
  }

  private void retries(RetryPolicy policy) {
    requests(new RequestPolicy(Timeouts.NONE, policy));
  }

  private void requests(RequestPolicy policy) {
    mesh.routes(
        new RouteRule(
            RouteOrigin.service(Mesh.SHOP.service()),
            List.of(),
            WeightedDraw.always(new Backend.Service(Mesh.SHOP)),
            policy));
  }

  private static BackendSettings limits(TrafficLimits limits) {
    return new BackendSettings(
        Duration.ofSeconds(15),
        Duration.ofHours(1),
        LoadBalancing.PEAK_EWMA,
        Optional.empty(),
        limits,
        TrafficLimits.NONE);
  }
}
