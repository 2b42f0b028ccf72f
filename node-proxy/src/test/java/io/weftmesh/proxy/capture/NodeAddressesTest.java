package io.weftmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NodeAddressesTest {
  private static final InetAddress NODE = InetAddress.ofLiteral("10.1.0.1");
  private static final InetAddress STRANGER = InetAddress.ofLiteral("10.2.0.7");

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicInteger refreshes = new AtomicInteger();
  private final NodeAddresses addresses = new NodeAddresses(nanos::get);

  @Test
  void knowsTheNodesOwn() {
    addresses.set(List.of(NODE));

    assertThat(addresses.contains(NODE)).isTrue();
    assertThat(addresses.contains(STRANGER)).isFalse();
  }

  @Test
  void asksTheNodeAnewForAnUnknownAddressButNotForEachConnection() {
    addresses.onUnknown(refreshes::incrementAndGet);

    addresses.contains(STRANGER);
    addresses.contains(STRANGER);
    assertThat(refreshes).hasValue(1);

    nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));
    addresses.contains(STRANGER);
    assertThat(refreshes).hasValue(2);
  }
}
