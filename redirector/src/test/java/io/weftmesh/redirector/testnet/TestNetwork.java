package io.weftmesh.redirector.testnet;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Pods, as namespaces on one bridge in a further namespace. Closing it removes them all. */
public final class TestNetwork implements AutoCloseable {
  /** Where {@code ip netns} keeps its files. */
  public static final Path DIRECTORY = Path.of("/run/netns");

  private static final AtomicInteger NETWORKS = new AtomicInteger();

  private final String prefix =
      "weft-rt-" + ProcessHandle.current().pid() + "-" + NETWORKS.incrementAndGet();
  private final String hub = prefix + "-hub";
  private final List<TestPod> pods = new ArrayList<>();

  /** A network without pods. */
  public TestNetwork() {
    if (!"root".equals(System.getProperty("user.name"))) {
      throw new AssertionError("tests of namespaces run as root");
    }
    Shell.run("ip netns add " + hub);
    Shell.run("ip -n " + hub + " link set lo up");
    Shell.run("ip -n " + hub + " link add br0 type bridge");
    Shell.run("ip -n " + hub + " addr add 10.77.0.254/24 dev br0");
    Shell.run("ip -n " + hub + " link set br0 up");
  }

  /** The path of the namespace that stands for the host's. */
  public Path hub() {
    return DIRECTORY.resolve(hub);
  }

  /** A pod with an address of both families. */
  public TestPod addPod() throws IOException {
    int number = pods.size() + 1;
    String uid = prefix + "-" + number;
    Shell.run("ip netns add " + uid);
    Shell.run("ip -n " + uid + " link set lo up");
    Shell.run("ip -n " + hub + " link add p" + number + " type veth peer name eth0 netns " + uid);
    Shell.run("ip -n " + hub + " link set p" + number + " master br0 up");
    String v4 = "10.77.0." + number;
    String v6 = "fd77::" + number;
    Shell.run("ip -n " + uid + " addr add " + v4 + "/24 dev eth0");
    Shell.run("ip -n " + uid + " addr add " + v6 + "/64 dev eth0 nodad");
    Shell.run("ip -n " + uid + " link set eth0 up");
    Shell.run("ip -n " + uid + " route add default via 10.77.0.254");
    // The strictest that a node may have: packets from addresses that are elsewhere are dropped.
    for (String device : List.of("all", "lo", "eth0")) {
      Shell.run("ip netns exec " + uid + " sysctl -qw net.ipv4.conf." + device + ".rp_filter=1");
    }
    TestPod pod = new TestPod(uid, InetAddress.ofLiteral(v4), InetAddress.ofLiteral(v6));
    pods.add(pod);
    return pod;
  }

  @Override
  public void close() {
    for (TestPod pod : pods) {
      pod.close();
    }
    Shell.run("ip netns del " + hub);
  }
}
