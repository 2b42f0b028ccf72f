package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.HashKey;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.RetryPolicy;
import io.weftmesh.policy.model.Timeouts;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import io.weftmesh.proxy.tunnel.Unreachable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A limit on a Service's connections, whichever version of HTTP they carry. */
class ConnectionLimitTest {
  private static final String GET = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final Mesh mesh = new Mesh();

  @AfterEach
  void everythingIsGivenBack() {
    mesh.close();
  }

  @Test
  void aRequestBeyondTheLimitWaitsForAConnectionToComeFree() {
    limit(1);
    Wire first = mesh.client();
    first.sends(GET);
    Wire upstream = mesh.opened();
    Wire second = mesh.client();
    second.sends(GET);
    mesh.turn();
    assertThat(mesh.dials.all).hasSize(1);
    assertThat(second.got()).isEmpty();

    upstream.sends(OK);
    mesh.turn();
    assertThat(first.got()).isEqualTo(OK);
    assertThat(upstream.isActive()).describedAs("kept, where another loop waits").isFalse();
    mesh.opened().sends(OK);
    assertThat(second.got()).isEqualTo(OK);
    assertThat(held()).isEqualTo(1);
  }

  @Test
  void anUnusedConnectionToAnotherEndpointMakesRoom() {
    mesh.endpoints(2);
    limit(1);
    Wire first = mesh.client();
    first.sends(GET);
    Wire upstream = mesh.opened();
    upstream.sends(OK);
    assertThat(first.got()).isEqualTo(OK);
    assertThat(upstream.isActive()).isTrue();

    Wire second = mesh.client();
    second.sends(GET);
    mesh.turn();

    assertThat(upstream.isActive()).isFalse();
    mesh.opened().sends(OK);
    assertThat(second.got()).isEqualTo(OK);
  }

  @Test
  void whoFindsTooManyWaitingIsRefusedAtOnce() {
    mesh.settings(Mesh.connections(1, 1));
    Wire first = mesh.client();
    first.sends(GET);
    Wire upstream = mesh.opened();
    Wire second = mesh.client();
    second.sends(GET);
    Wire third = mesh.client();
    third.sends(GET);

    assertThat(third.got())
        .startsWith("HTTP/1.1 503 Service Unavailable\r\nx-weft-error: limit_reached\r\n")
        .contains("its limit of 1 requests waiting for a connection is reached");
    upstream.sends(OK);
    mesh.turn();
    mesh.opened().sends(OK);
    assertThat(second.got()).isEqualTo(OK);
  }

  @Test
  void nobodyWaitsLongerThanAConnectionMayTake() {
    limit(1);
    Wire first = mesh.client();
    first.sends(GET);
    Wire second = mesh.client();
    second.sends(GET);
    mesh.passes(Duration.ofSeconds(14));
    assertThat(second.got()).isEmpty();
    mesh.passes(Duration.ofSeconds(2));

    assertThat(second.got())
        .startsWith("HTTP/1.1 503 Service Unavailable\r\nx-weft-error: limit_reached\r\n")
        .contains("its limit of 1 connections is reached, and no connection came free in PT15S");
    assertThat(mesh.limits().connections().waiting()).isZero();
  }

  @Test
  void aClientThatLeavesWhileItWaitsLeavesNothing() {
    limit(1);
    Wire first = mesh.client();
    first.sends(GET);
    Wire upstream = mesh.opened();
    Wire second = mesh.client();
    second.sends(GET);
    assertThat(mesh.limits().connections().waiting()).isEqualTo(1);
    second.close();

    assertThat(mesh.limits().connections().waiting()).isZero();
    upstream.sends(OK);
    assertThat(upstream.isActive()).describedAs("kept for the next").isTrue();
  }

  @Test
  void aConnectionThatFailsGivesItsPlaceToTheNext() {
    limit(1);
    mesh.dials.hold = true;
    Wire first = mesh.client();
    first.sends(GET);
    Wire second = mesh.client();
    second.sends(GET);
    mesh.dials.hold = false;
    mesh.dials.held.setFailure(new Unreachable(Unreachable.Reason.REFUSED, "told to fail"));
    mesh.turn();

    mesh.opened().sends(OK);
    assertThat(second.got()).isEqualTo(OK);
    mesh.passes(Duration.ofSeconds(1));
    mesh.opened().sends(OK);
    assertThat(first.got()).describedAs("tried again").isEqualTo(OK);
  }

  @Test
  void aConnectionThatWasOpenedForASilentClientBringsItsPlace() {
    BackendSettings settings = limit(1);
    var place = (Place) mesh.limits().acquire(Use.CONNECTION, settings, mesh.pod.uid());
    mesh.pod.offer(mesh.offer(place), mesh.dials.open());
    Wire offered = mesh.opened();
    assertThat(held()).isEqualTo(1);
    Wire client = mesh.client();
    client.sends(GET);
    mesh.turn();

    assertThat(offered.isActive()).describedAs("unused, where another loop waits").isFalse();
    mesh.opened().sends(OK);
    assertThat(client.got()).isEqualTo(OK);
    assertThat(held()).isEqualTo(1);
  }

  @Test
  void anEndpointIsNotBlamedForTheWaitOfATry() {
    limitAndEject();
    List<Duration> latencies = latencies();
    mesh.client().sends(GET);
    mesh.policy(RetryPolicy.DEFAULT, new Timeouts(Duration.ZERO, SECOND));
    Wire waiting = mesh.client();
    waiting.sends(GET);
    Http2Peer waitingToo = mesh.http2Client();
    waitingToo.get("/");
    mesh.turn();
    assertThat(mesh.limits().connections().waiting()).isEqualTo(2);
    mesh.passes(SECOND);

    assertThat(waiting.got()).startsWith("HTTP/1.1 504 ");
    assertThat(mesh.limits().connections().waiting()).isZero();
    assertNobodyIsBlamed(latencies);
  }

  @Test
  void anEndpointIsNotBlamedForTheWaitOfAClientThatLeaves() {
    limitAndEject();
    List<Duration> latencies = latencies();
    mesh.client().sends(GET);
    Wire waiting = mesh.client();
    waiting.sends(GET);
    Http2Peer peer = mesh.http2Client();
    Wire waitingToo = mesh.clients.getLast();
    peer.get("/");
    mesh.turn();
    assertThat(mesh.limits().connections().waiting()).isEqualTo(2);
    mesh.passes(SECOND);
    waiting.close();
    waitingToo.close();

    assertThat(mesh.limits().connections().waiting()).isZero();
    assertNobodyIsBlamed(latencies);
  }

  /** One connection, and of three endpoints whichever fails once is left out. */
  private void limitAndEject() {
    mesh.endpoints(3);
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15),
            Duration.ofHours(1),
            LoadBalancing.PEAK_EWMA,
            Optional.of(
                new OutlierEjection(
                    1, Optional.empty(), Duration.ofSeconds(30), Duration.ofMinutes(5), 100)),
            new TrafficLimits(1, TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED),
            TrafficLimits.NONE));
  }

  private List<Duration> latencies() {
    return mesh.balancer().loads(mesh.endpointSet()).stream().map(Balancer.Load::latency).toList();
  }

  private void assertNobodyIsBlamed(List<Duration> latencies) {
    assertThat(mesh.balancer().loads(mesh.endpointSet()))
        .allSatisfy(load -> assertThat(load.ejected()).isEmpty());
    assertThat(latencies()).isEqualTo(latencies);
  }

  @Test
  void withoutALimitConnectionsAreNotCounted() {
    mesh.client().sends(GET);
    mesh.opened();

    assertThat(held()).isZero();
  }

  @Test
  void requestsOfHttp2ShareTheOneConnectionThatThereMayBe() {
    mesh.endpoints(5);
    limit(1);
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    mesh.turn();
    Http2Peer server = mesh.openedHttp2();
    mesh.turn();
    for (int i = 2; i <= 20; i++) {
      client.get("/" + i);
      mesh.turn();
    }

    assertThat(mesh.dials.all).hasSize(1);
    int received = 0;
    while (server.hasNext()) {
      server.next().headers(true, ":status", "200");
      received++;
    }
    assertThat(received).isEqualTo(20);
  }

  @Test
  void aTiedRequestOfHttp2WaitsForItsOwnEndpoint() {
    mesh.endpoints(5);
    mesh.settings(
        new BackendSettings(
            Duration.ofSeconds(15),
            Duration.ofHours(1),
            new LoadBalancing(new Algorithm.RingHash(new HashKey.Header("x-user")), Duration.ZERO),
            Optional.empty(),
            new TrafficLimits(1, TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED),
            TrafficLimits.NONE));
    Http2Peer client = mesh.http2Client();
    Http2Peer.Stream first = request(client, "ada");
    mesh.turn();
    Http2Peer server = mesh.openedHttp2();
    mesh.turn();
    Object adas = mesh.dials.tried.getLast();
    List<Http2Peer.Stream> others = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      others.add(request(client, "user" + i));
    }
    mesh.turn();
    assertThat(mesh.dials.all).hasSize(1);

    while (server.hasNext()) {
      server.next().headers(true, ":status", "200");
    }
    mesh.turn();
    assertThat(mesh.dials.tried.getLast()).describedAs("after the last stream").isNotEqualTo(adas);
    first.reset(Http2Error.CANCEL);
    others.forEach(other -> other.reset(Http2Error.CANCEL));
  }

  @Test
  void anUnusedConnectionOfHttp2MakesRoom() {
    limit(1);
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    mesh.turn();
    Http2Peer server = mesh.openedHttp2();
    mesh.turn();
    server.next().headers(true, ":status", "200");
    mesh.turn();
    assertThat(held()).isEqualTo(1);
    Wire other = mesh.client();
    other.sends(GET);
    mesh.turn();

    assertThat(server.isOpen()).isFalse();
    mesh.opened().sends(OK);
    assertThat(other.got()).isEqualTo(OK);
  }

  @Test
  void aConnectionThatIsTakenLeaveOfGivesItsPlaceToWhoWaits() {
    limit(1);
    Http2Peer client = mesh.http2Client();
    client.get("/1");
    mesh.turn();
    Http2Peer server = mesh.openedHttp2();
    mesh.turn();
    Http2Peer.Stream running = server.next();
    server.goAway(1);
    mesh.turn();
    client.get("/2");
    mesh.turn();
    assertThat(mesh.dials.all).hasSize(1);

    running.headers(true, ":status", "200");
    mesh.turn();
    assertThat(mesh.openedHttp2().hasNext()).isTrue();
  }

  private static Http2Peer.Stream request(Http2Peer client, String user) {
    return client.request(
        true,
        ":method",
        "GET",
        ":scheme",
        "http",
        ":path",
        "/",
        ":authority",
        "cart",
        "x-user",
        user);
  }

  private BackendSettings limit(int connections) {
    BackendSettings settings = Mesh.connections(connections, TrafficLimits.UNLIMITED);
    mesh.settings(settings);
    return settings;
  }

  private int held() {
    return mesh.limits().held(Use.CONNECTION);
  }
}
