package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.LoadBalancing;
import io.weftmesh.policy.model.LoadBalancing.Algorithm;
import io.weftmesh.policy.model.OutlierEjection;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.IpFamily;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests that are drawn for a part of a Service. */
class SubsetTest {
  private static final Backend.Service V1 = subset("v1");
  private static final Backend.Service V2 = subset("v2");
  private static final String GET = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
  private static final String GET_ONCE =
      "GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n";
  private static final String OK_ONCE =
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

  private final Mesh mesh = new Mesh().endpoints(3);

  @AfterEach
  void everythingIsGivenBack() {
    mesh.close();
  }

  @Test
  void goToItsEndpointsAlone() {
    mesh.subset(V1, 1, 3).subset(V2, 2);
    draw(new WeightedBackend(V1, 1), new WeightedBackend(V2, 1));
    List<String> hosts = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      hosts.add(answered());
    }

    long v2 = hosts.stream().filter("10.0.0.2"::equals).count();
    assertThat(hosts).containsOnly("10.0.0.1", "10.0.0.2", "10.0.0.3");
    assertThat(v2).as("a draw begins anywhere").isBetween(8L, 12L);
    assertThat(mesh.metric("weft_requests_total", "backend=\"shop/cart:80[version=v2]\""))
        .isEqualTo((double) v2);
  }

  @Test
  void areAnsweredWith503IfItIsEmptyThoughOthersAreNot() {
    mesh.subset(V2);
    draw(new WeightedBackend(V2, 1));
    Wire client = mesh.client();
    client.sends(GET);

    assertThat(client.got())
        .startsWith("HTTP/1.1 503 Service Unavailable\r\nx-weft-error: no_endpoint\r\n")
        .contains("shop/cart:80[version=v2]");
    assertThat(mesh.dials.all).isEmpty();
  }

  @Test
  void followAnEndpointThatMoves() {
    mesh.subset(V1, 1).subset(V2, 2);
    draw(new WeightedBackend(V1, 1));
    assertThat(answered()).isEqualTo("10.0.0.1");

    mesh.subset(V1, 3);

    assertThat(answered()).isEqualTo("10.0.0.3");
  }

  @Test
  void countTogetherForALimitOfTheService() {
    mesh.subset(V1, 1).subset(V2, 2);
    mesh.settings(
        settings(
            Optional.empty(),
            new TrafficLimits(TrafficLimits.UNLIMITED, TrafficLimits.UNLIMITED, 1)));
    draw(new WeightedBackend(V1, 1), new WeightedBackend(V2, 1));
    Wire first = mesh.client();
    first.sends(GET);
    Wire second = mesh.client();
    second.sends(GET);

    assertThat(second.got()).contains("x-weft-error: limit_reached\r\n");
    mesh.opened().sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assertThat(first.got()).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void ejectAnEndpointForTheirOwnPartAlone() {
    mesh.subset(V1, 1, 2).subset(V2, 1, 3);
    mesh.settings(
        settings(
            Optional.of(
                new OutlierEjection(
                    1, Optional.empty(), Duration.ofMinutes(1), Duration.ofMinutes(5), 50)),
            TrafficLimits.NONE));
    draw(new WeightedBackend(V1, 1));
    while (ejected(V1).isEmpty()) {
      boolean fails = send().equals("10.0.0.1");
      mesh.opened().sends(fails ? OK_ONCE.replace("200 OK", "503 No") : OK_ONCE);
    }

    assertThat(ejected(V1)).containsExactly("10.0.0.1");
    assertThat(ejected(V2)).isEmpty();
    assertThat(ejected(new Backend.Service(Mesh.SHOP))).isEmpty();
  }

  private void draw(WeightedBackend... backends) {
    mesh.routes(Mesh.rule(List.of(), backends));
  }

  /** The host that answered a request on connections of its own. */
  private String answered() {
    String host = send();
    mesh.opened().sends(OK_ONCE);
    return host;
  }

  private String send() {
    mesh.client().sends(GET_ONCE);
    return host(mesh.dials.tried.getLast());
  }

  private List<String> ejected(Backend.Service backend) {
    EndpointSet set = mesh.snapshots.get().endpoints(backend, IpFamily.IPV4);
    return mesh.balancers.of(backend).loads(set).stream()
        .filter(load -> load.ejected().isPresent())
        .map(load -> host(load.endpoint()))
        .toList();
  }

  private static String host(Endpoint endpoint) {
    return endpoint.address().getAddress().getHostAddress();
  }

  private static BackendSettings settings(
      Optional<OutlierEjection> ejection, TrafficLimits limits) {
    return new BackendSettings(
        Duration.ofSeconds(15),
        Duration.ofHours(1),
        new LoadBalancing(new Algorithm.RoundRobin(), Duration.ZERO),
        ejection,
        limits,
        TrafficLimits.NONE);
  }

  private static Backend.Service subset(String version) {
    return new Backend.Service(Mesh.SHOP, Map.of("version", version));
  }
}
