package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests of HTTP/2 that wait for the one connection there may be, which others have. */
class SessionGroupTest {
  private final Mesh mesh = new Mesh();
  private final BackendSettings one = Mesh.connections(1, TrafficLimits.UNLIMITED);
  private final Endpoint endpoint = mesh.endpointSet().ready().getFirst();
  private final TestWaiter first = new TestWaiter(endpoint);
  private UpstreamSessions sessions;
  private Place ofOthers;

  @BeforeEach
  void theLimitIsReached() {
    sessions =
        mesh.pod
            .sessions(mesh.client().eventLoop())
            .limited(Mesh.SHOP.service(), mesh.limits().connections());
    ofOthers = (Place) mesh.limits().acquire(Use.CONNECTION, one, "others");
    sessions.connect(endpoint, one, first);
    assertThat(waiting()).isEqualTo(1);
  }

  @AfterEach
  void everythingIsGivenBack() {
    ofOthers.close();
    mesh.close();
  }

  @Test
  void anEndpointThatNobodyWaitsForAnyMoreIsForgotten() {
    assertThat(sessions.endpoints()).isEqualTo(1);
    leaves(first);
    mesh.turn();

    assertThat(waiting()).isZero();
    assertThat(sessions.endpoints()).isZero();
  }

  @Test
  void aPlaceThatWasOnItsWayToWhoHasLeftEndsTheWaitOfTheNext() {
    ofOthers.close();
    leaves(first);
    var next = new TestWaiter(endpoint);
    sessions.connect(endpoint, one, next);
    assertThat(waiting()).isEqualTo(1);
    mesh.dials.hold = true;
    mesh.turn();

    assertThat(waiting()).describedAs("while it connects").isZero();
    mesh.dials.held.setSuccess(mesh.dials.open());
    assertThat(next.connected).isTrue();
    assertThat(mesh.dials.all).hasSize(1);
  }

  @Test
  void theWaitForTheLimitIsOverWithThePlace() {
    mesh.passes(one.connectTimeout().minusSeconds(1));
    mesh.dials.hold = true;
    ofOthers.close();
    mesh.turn();
    assertThat(first.waited).isEqualTo(1);

    mesh.passes(Duration.ofSeconds(2));
    assertThat(first.connected).isFalse();
    mesh.dials.held.setSuccess(mesh.dials.open());
    mesh.turn();
    assertThat(first.connected).isTrue();
    assertThat(first.waited).describedAs("for the limit, not for the endpoint").isEqualTo(1);
  }

  private void leaves(TestWaiter waiter) {
    waiter.left = true;
    assertThat(sessions.abandon(waiter)).isTrue();
  }

  private int waiting() {
    return mesh.limits().connections().waiting();
  }
}
