package io.weftmesh.lab.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.weftmesh.lab.network.KubeProxy.Forward;
import io.weftmesh.lab.network.KubeProxy.Target;
import java.util.List;
import org.junit.jupiter.api.Test;

class KubeProxyTest {
  @Test
  void eachEndpointHasTheSameChance() {
    String tables =
        KubeProxy.tables(
            List.of(
                new Forward(
                    "10.96.0.1",
                    80,
                    "TCP",
                    List.of(
                        new Target("10.244.1.2", 8080),
                        new Target("10.244.1.3", 8080),
                        new Target("10.244.2.2", 8080)))));
    assertThat(tables)
        .contains("-A SERVICES -d 10.96.0.1 -p tcp --dport 80 -j SVC-0\n")
        .containsSubsequence(
            "--probability 0.3333333333 -j DNAT --to-destination 10.244.1.2:8080\n",
            "--probability 0.5000000000 -j DNAT --to-destination 10.244.1.3:8080\n",
            "-A SVC-0 -p tcp -j DNAT --to-destination 10.244.2.2:8080\n")
        .containsOnlyOnce("-A POSTROUTING -s 10.244.1.2 -d 10.244.1.2 -j MASQUERADE\n");
  }

  @Test
  void addressOfIpv6StandsInBrackets() {
    String tables =
        KubeProxy.tables(
            List.of(new Forward("fd77:96::1", 53, "UDP", List.of(new Target("fd77::2", 53)))));
    assertThat(tables).contains("-d fd77:96::1 -p udp --dport 53").contains("[fd77::2]:53");
  }

  @Test
  void serviceWithoutEndpointsRefuses() {
    String tables = KubeProxy.tables(List.of(new Forward("10.96.0.1", 80, "TCP", List.of())));
    assertThat(tables)
        .contains("-A SERVICES -d 10.96.0.1 -p tcp --dport 80 -j REJECT\n")
        .doesNotContain("DNAT");
  }
}
