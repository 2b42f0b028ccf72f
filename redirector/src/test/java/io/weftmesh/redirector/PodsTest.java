package io.weftmesh.redirector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.weftmesh.redirector.lease.CaptureState;
import io.weftmesh.redirector.lease.Cidr;
import io.weftmesh.redirector.lease.Descriptor;
import io.weftmesh.redirector.lease.Exclusions;
import io.weftmesh.redirector.lease.Family;
import io.weftmesh.redirector.lease.OpenedPod;
import io.weftmesh.redirector.lease.PodRef;
import io.weftmesh.redirector.lease.Reason;
import io.weftmesh.redirector.lease.RedirectorClient;
import io.weftmesh.redirector.lease.RedirectorException;
import io.weftmesh.redirector.lease.RedirectorState;
import io.weftmesh.redirector.linux.Sockets;
import io.weftmesh.redirector.testnet.Shell;
import io.weftmesh.redirector.testnet.TestNetwork;
import io.weftmesh.redirector.testnet.TestPod;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client can do with pods, against a redirector within this process. */
class PodsTest {
  private Mesh mesh;
  private TestPod pod;
  private RecordingListener listener;
  private RedirectorClient client;

  @BeforeEach
  void start() throws Exception {
    mesh = new Mesh();
    pod = mesh.network.addPod();
    mesh.startRedirectorHere(0);
    listener = new RecordingListener();
    client = mesh.connect(listener);
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  @Test
  void everyStepMayBeRepeated() throws Exception {
    client.open(pod.ref()).close();
    client.arm(pod.uid());
    client.arm(pod.uid());
    assertThat(client.open(pod.ref()).state()).isEqualTo(CaptureState.ARMED);
    String armed = pod.rules();
    client.disarm(pod.uid());
    client.disarm(pod.uid());
    client.arm(pod.uid());
    assertThat(pod.rules()).isEqualTo(armed);
    client.disarm(pod.uid());
    client.release(pod.uid());
    client.release(pod.uid());

    assertThat(client.list(false).pods()).isEmpty();
    assertThat(pod.rules()).doesNotContain("WEFT").doesNotContain("fwmark");
  }

  @Test
  void usesTheBackendThatThePodUses() throws Exception {
    pod.run("iptables-legacy -A INPUT -p udp --dport 9 -j DROP");
    client.open(pod.ref()).close();
    client.arm(pod.uid());

    assertThat(pod.run("iptables-legacy-save")).contains("REDIRECT");
    assertThat(pod.run("ip6tables-legacy-save")).contains("REDIRECT");
    assertThat(pod.run("iptables-nft-save")).doesNotContain("WEFT");
    client.release(pod.uid());
    assertThat(pod.rules()).doesNotContain("WEFT").contains("--dport 9 -j DROP");
  }

  @Test
  void leavesOthersRulesAlone() throws Exception {
    pod.run("iptables-nft -t nat -A OUTPUT -p udp -j ACCEPT");
    pod.run("iptables-nft -t nat -N OTHERS");
    pod.run("iptables-nft -t nat -A OTHERS -p tcp --dport 1 -j ACCEPT");
    String before = pod.rules();
    client.open(pod.ref()).close();
    client.arm(pod.uid());
    client.release(pod.uid());

    assertThat(pod.rules()).isEqualTo(before);
  }

  @Test
  void leavesExcludedPortsAndBlocksAlone() throws Exception {
    TestPod other = mesh.network.addPod();
    other.serveEcho(3306);
    other.serveEcho(8080);
    pod.serveEcho(9090);
    pod.serveEcho(8080);
    Exclusions exclusions = new Exclusions(List.of(9090), List.of(3306), List.of());
    client.open(pod.ref(exclusions)).listeners().close();
    client.arm(pod.uid());

    // Nobody accepts what is redirected: only what is left alone hears the application's line.
    assertThat(isAnswered(pod, other.v4(), 3306)).isTrue();
    assertThat(isAnswered(pod, other.v6(), 3306)).isTrue();
    assertThat(isAnswered(pod, other.v4(), 8080)).isFalse();
    assertThat(isAnswered(other, pod.v4(), 9090)).isTrue();
    assertThat(isAnswered(other, pod.v4(), 8080)).isFalse();
    assertThat(isAnswered(pod, InetAddress.ofLiteral("127.0.0.1"), 8080)).isTrue();
    assertThat(isAnswered(pod, InetAddress.ofLiteral("::1"), 8080)).isTrue();

    Exclusions changed =
        new Exclusions(
            List.of(), List.of(), List.of(Cidr.parse("10.77.0.0/24"), Cidr.parse("fd77::/64")));
    client.open(pod.ref(changed)).listeners().close();
    assertThat(isAnswered(pod, other.v4(), 8080)).isTrue();
    assertThat(isAnswered(pod, other.v6(), 8080)).isTrue();
    assertThat(isAnswered(other, pod.v4(), 9090)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {15001, 15006, 15008})
  void saysWhichPortIsTaken(int port) throws Exception {
    long before = openDescriptors();
    try (ServerSocketChannel application = pod.listen(port)) {
      assertThat(application.isOpen()).isTrue();
      assertThatThrownBy(() -> client.open(pod.ref()))
          .isInstanceOfSatisfying(
              RedirectorException.class,
              refused -> {
                assertThat(refused.reason()).isEqualTo(Reason.PORT_TAKEN);
                assertThat(refused).hasMessageContaining(Integer.toString(port));
              });
    }
    awaitDescriptors(before);
    client.open(pod.ref()).close();
  }

  @Test
  void refusesTheHostsNamespaceAndWhatIsNone() throws Exception {
    String hub = mesh.network.hub().getFileName().toString();
    assertThat(refusal(hub)).isEqualTo(Reason.HOST_NAMESPACE);
    assertThat(refusal("no-such-pod")).isEqualTo(Reason.NAMESPACE_NOT_FOUND);

    String plain = pod.uid() + "-plain";
    File file = TestNetwork.DIRECTORY.resolve(plain).toFile();
    assertThat(file.createNewFile()).isTrue();
    try {
      assertThat(refusal(plain)).isEqualTo(Reason.INTERNAL);
    } finally {
      assertThat(file.delete()).isTrue();
    }
    assertThatThrownBy(() -> client.arm("no-such-pod"))
        .isInstanceOfSatisfying(
            RedirectorException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.NOT_OPEN));
  }

  @Test
  void leasesSocketsThatAreMarkedAndTransparent() throws Exception {
    client.open(pod.ref()).close();
    for (Family family : Family.values()) {
      List<Descriptor> sockets = client.lease(pod.uid(), family, RedirectorClient.MAX_LEASE);
      assertThat(sockets).hasSize(RedirectorClient.MAX_LEASE);
      int socket = sockets.getLast().number();
      assertThat(Sockets.option(socket, Sockets.SOL_SOCKET, Sockets.SO_MARK)).isEqualTo(0x77ef);
      assertThat(Sockets.option(socket, Sockets.SOL_TCP, Sockets.TCP_NODELAY)).isEqualTo(1);
      assertThat(Sockets.option(socket, Sockets.SOL_IP, Sockets.IP_BIND_ADDRESS_NO_PORT))
          .isEqualTo(1);
      assertThat(
              family == Family.IPV4
                  ? Sockets.option(socket, Sockets.SOL_IP, Sockets.IP_TRANSPARENT)
                  : Sockets.option(socket, Sockets.SOL_IPV6, Sockets.IPV6_TRANSPARENT))
          .isEqualTo(1);
      sockets.forEach(Descriptor::close);
    }
  }

  @Test
  void worksInANamespaceWithoutIpv6() throws Exception {
    pod.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    TestPod other = mesh.network.addPod();
    other.serveEcho(8080);
    client.open(pod.ref()).close();
    client.arm(pod.uid());
    assertThat(isAnswered(pod, other.v4(), 8080)).isFalse();
    client.disarm(pod.uid());
    assertThat(isAnswered(pod, other.v4(), 8080)).isTrue();
    client.release(pod.uid());
    assertThat(pod.rules()).doesNotContain("WEFT");
  }

  @Test
  void putsBackWhatSomebodyRemoved() throws Exception {
    client.open(pod.ref()).close();
    client.arm(pod.uid());
    String armed = pod.rules();
    pod.run("iptables-nft -t nat -F WEFT_OUTPUT");
    pod.run("ip6tables-nft -t mangle -D OUTPUT -p tcp -j WEFT_OUTPUT");
    pod.run("ip rule del pref 30704");

    await().untilAsserted(() -> assertThat(pod.rules()).isEqualTo(armed));
    await().untilAsserted(() -> assertThat(listener.events).isNotEmpty());
    assertThat(String.join("; ", listener.events))
        .contains("repaired " + pod.uid(), "ipv4 nat", "ipv6 mangle", "ipv4 route");
    assertThat(client.list(false).counters().repairs()).isPositive();
  }

  @Test
  void leavesAPodThatCannotBeArmedAsItWas() throws Exception {
    pod.run("iptables-legacy -A INPUT -p udp --dport 9 -j DROP");
    String before = pod.rules();
    client.open(pod.ref()).close();
    String lock = "/proc/" + ProcessHandle.current().pid() + "/ns/net";
    Process holder =
        new ProcessBuilder("flock", lock, "sh", "-c", "echo held; exec sleep 600").start();
    try {
      assertThat(holder.getInputStream().read()).isEqualTo('h');
      assertThatThrownBy(() -> client.arm(pod.uid()))
          .isInstanceOfSatisfying(
              RedirectorException.class,
              refused -> assertThat(refused.reason()).isEqualTo(Reason.RULES_FAILED))
          .hasMessageContaining("lock");
      assertThat(pod.rules()).isEqualTo(before);
    } finally {
      holder.descendants().forEach(ProcessHandle::destroyForcibly);
      holder.destroyForcibly().waitFor();
    }
    client.arm(pod.uid());
    assertThat(pod.rules()).contains("REDIRECT");
  }

  @Test
  void closesAPodThatNobodyLivesInAnyMore() throws Exception {
    Process application = pod.startProcess();
    OpenedPod opened = client.open(pod.ref());
    pod.deleteFile();
    assertThat(client.list(false).pods()).hasSize(1);
    application.destroyForcibly().waitFor();

    await()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(() -> assertThat(listener.events).containsExactly("abandoned " + pod.uid()));
    try (RedirectorState state = client.list(true)) {
      assertThat(state.pods()).isEmpty();
      assertThat(state.counters().abandoned()).isEqualTo(1);
    }
    opened.close();
  }

  @Test
  void keepsAPodWithoutProcessesAsLongAsItsFileIsThere() throws Exception {
    client.open(pod.ref()).close();
    client.arm(pod.uid());
    pod.run("iptables-nft -t nat -F WEFT_OUTPUT");
    // The repair shows that several looks have been taken.
    await().untilAsserted(() -> assertThat(listener.events).isNotEmpty());

    assertThat(client.list(false).pods()).hasSize(1);
  }

  @Test
  void tellsTheNodesOwnAddresses() throws Exception {
    assertThat(client.nodeAddresses(false)).contains(InetAddress.ofLiteral("10.77.0.254"));
    Shell.run("ip -n " + mesh.network.hub().getFileName() + " addr add 10.78.0.1/32 dev br0");
    assertThat(client.nodeAddresses(false)).doesNotContain(InetAddress.ofLiteral("10.78.0.1"));
    assertThat(client.nodeAddresses(true)).contains(InetAddress.ofLiteral("10.78.0.1"));
  }

  @Test
  void tenThousandCyclesLeaveNoDescriptor() throws Exception {
    cycle();
    long before = openDescriptors();
    for (int i = 0; i < 10_000; i++) {
      cycle();
    }
    awaitDescriptors(before);
  }

  private void cycle() throws IOException {
    client.open(pod.ref()).close();
    client.lease(pod.uid(), Family.IPV4, 2).forEach(Descriptor::close);
    client.release(pod.uid());
  }

  private Reason refusal(String uid) {
    PodRef ref = new PodRef(uid, "test", "pod", List.of(), Exclusions.NONE);
    return catchThrowableOfType(RedirectorException.class, () -> client.open(ref)).reason();
  }

  /**
   * Whether the application's line arrives, or the connection waits for a proxy that isn't there.
   */
  private static boolean isAnswered(TestPod from, InetAddress address, int port)
      throws IOException {
    try (SocketChannel socket = from.connect(address, port)) {
      socket.socket().setSoTimeout(300);
      return socket.socket().getInputStream().read() >= 0;
    } catch (SocketTimeoutException waiting) {
      return false;
    }
  }

  private static long openDescriptors() {
    return new File("/proc/self/fd").list().length;
  }

  private static void awaitDescriptors(long expected) {
    await().untilAsserted(() -> assertThat(openDescriptors()).isLessThanOrEqualTo(expected));
  }
}
