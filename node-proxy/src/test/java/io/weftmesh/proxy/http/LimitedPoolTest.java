package io.weftmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.TrafficLimits;
import io.weftmesh.proxy.balance.Endpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests of one client pod on one loop that wait for each other's connections. */
class LimitedPoolTest {
  private final Mesh mesh = new Mesh();
  private final BackendSettings one = Mesh.connections(1, TrafficLimits.UNLIMITED);
  private final Endpoint endpoint = mesh.endpointSet().ready().getFirst();
  private LimitedPool pool;

  @BeforeEach
  void aPool() {
    pool =
        mesh.pod
            .pool(mesh.client().eventLoop())
            .limited(Mesh.SHOP.service(), mesh.limits().connections());
  }

  @AfterEach
  void everythingIsGivenBack() {
    mesh.close();
  }

  @Test
  void aConnectionThatComesFreeIsHandedToTheNext() {
    TestWaiter next = freedForTheNext();

    assertThat(next.connected).isTrue();
    assertThat(mesh.opened().isActive()).isTrue();
    assertThat(mesh.dials.all).hasSize(1);
  }

  @Test
  void aConnectionThatWouldBeOpenedAnotherWayByNowIsHandedToNobody() {
    mesh.dials.right = false;
    TestWaiter next = freedForTheNext();

    assertThat(mesh.opened().isActive()).describedAs("what was opened before").isFalse();
    mesh.turn();
    assertThat(next.connected).isTrue();
    assertThat(mesh.opened().isActive()).isTrue();
    assertThat(mesh.dials.all).hasSize(2);
  }

  /** One that waited while a connection was opened for another, which has left meanwhile. */
  private TestWaiter freedForTheNext() {
    mesh.dials.hold = true;
    var first = new TestWaiter(endpoint);
    pool.connect(endpoint, one, first);
    var next = new TestWaiter(endpoint);
    pool.connect(endpoint, one, next);
    first.left = true;
    mesh.dials.hold = false;
    mesh.dials.held.setSuccess(mesh.dials.open());
    return next;
  }
}
