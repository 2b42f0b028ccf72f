package io.weftmesh.lab.network;

import static io.weftmesh.lab.host.Template.fill;
import static io.weftmesh.lab.network.AddressPlan.gateway;
import static io.weftmesh.lab.network.AddressPlan.gateway6;

import io.weftmesh.lab.host.NetworkNamespace;
import java.nio.file.Path;
import java.util.List;

/**
 * A node's namespace. Its pods hang on it by a link each and are routed, never bridged: so all of a
 * pod's packets pass the node's rules, as kube-proxy needs it.
 */
public final class NodeNetwork {
  // A number of our own for the group of links that are about to be deleted.
  private static final int LEAVING = 4242;

  private final int number;
  private final NetworkNamespace namespace;

  private NodeNetwork(int number, NetworkNamespace namespace) {
    this.number = number;
    this.namespace = namespace;
  }

  /**
   * Makes a node and joins it to {@code underlay}.
   *
   * @param number from 1
   */
  public static NodeNetwork create(int number, Path file, Underlay underlay) {
    NodeNetwork node = new NodeNetwork(number, NetworkNamespace.create(file));
    underlay
        .namespace()
        .ip(
            fill(
                """
                link add node-%1$d type veth peer name eth0 netns %2$s
                link set node-%1$d master %3$s up
                """,
                number, file, Underlay.BRIDGE));
    node.namespace
        .command(
            "sysctl",
            "-qw",
            "net.ipv4.ip_forward=1",
            "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.default.rp_filter=0",
            "net.ipv6.conf.all.forwarding=1")
        .run();
    // The ClusterIPs need a route for their packets to reach the rules that refuse them.
    node.namespace.ip(
        fill(
            """
            addr add %s/24 dev eth0
            addr add %s/64 dev eth0 nodad
            link set eth0 up
            addr add %s/32 dev lo
            addr add %s/128 dev lo nodad
            route add %s dev eth0
            route add %s dev eth0
            """,
            AddressPlan.underlay(number),
            AddressPlan.underlay6(number),
            gateway(number),
            gateway6(number),
            AddressPlan.SERVICES,
            AddressPlan.SERVICES_6));
    return node;
  }

  public static NodeNetwork at(int number, Path file) {
    return new NodeNetwork(number, NetworkNamespace.at(file));
  }

  public NetworkNamespace namespace() {
    return namespace;
  }

  public int number() {
    return number;
  }

  /** Makes the pods of {@code other} reachable from here. */
  public void routeTo(NodeNetwork other) {
    namespace.ip(
        fill(
            """
            route add %s via %s
            route add %s via %s
            """,
            AddressPlan.pods(other.number),
            AddressPlan.underlay(other.number),
            AddressPlan.pods6(other.number),
            AddressPlan.underlay6(other.number)));
  }

  /**
   * Makes a pod's namespace and joins it to this node.
   *
   * @param address of IPv4, in this node's range
   */
  public NetworkNamespace addPod(Path file, String address, String address6) {
    NetworkNamespace pod = NetworkNamespace.create(file);
    namespace.ip(
        fill(
            """
            link add %1$s type veth peer name eth0 netns %2$s
            addr add %3$s/32 dev %1$s
            addr add %4$s/128 dev %1$s nodad
            link set %1$s up
            route add %5$s/32 dev %1$s
            route add %6$s/128 dev %1$s
            """,
            link(address), file, gateway(number), gateway6(number), address, address6));
    pod.ip(
        fill(
            """
            addr add %1$s/32 dev eth0
            addr add %2$s/128 dev eth0 nodad
            link set eth0 up
            route add %3$s/32 dev eth0
            route add default via %3$s src %1$s
            route add %4$s/128 dev eth0
            route add ::/0 via %4$s src %2$s
            """,
            address, address6, gateway(number), gateway6(number)));
    return pod;
  }

  /**
   * Takes pods off the network, as a network plugin does when they end. All at once, since the
   * kernel waits for all of its processors each time that an interface goes.
   */
  public void removePods(List<String> addresses) {
    StringBuilder lines = new StringBuilder();
    addresses.forEach(
        address -> lines.append(fill("link set dev %s group %d\n", link(address), LEAVING)));
    namespace.ip(lines + fill("link del group %d\n", LEAVING));
  }

  private static String link(String address) {
    return "pod" + address.substring(address.lastIndexOf('.') + 1);
  }
}
