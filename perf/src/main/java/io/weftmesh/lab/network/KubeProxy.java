package io.weftmesh.lab.network;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.host.NetworkNamespace;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for kube-proxy on one node: connections to a ClusterIP go to an endpoint by chance, one
 * without endpoints refuses, and a pod that reaches itself does so with the node's address.
 */
public final class KubeProxy {
  private final NetworkNamespace node;
  // Not known at first: an earlier process may have left rules.
  private @Nullable List<Forward> inForce;

  public KubeProxy(NetworkNamespace node) {
    this.node = node;
  }

  /**
   * One port of a Service for one address family.
   *
   * @param protocol as in a Service: TCP or UDP
   * @param endpoints address and port each
   */
  public record Forward(String clusterIp, int port, String protocol, List<Target> endpoints) {
    boolean v6() {
      return clusterIp.indexOf(':') >= 0;
    }
  }

  /** Where a connection can go. */
  public record Target(String address, int port) {
    @Override
    public String toString() {
      return address.indexOf(':') >= 0 ? "[" + address + "]:" + port : address + ":" + port;
    }
  }

  /** Puts exactly {@code forwards} in force, in one transaction per address family. */
  public void sync(List<Forward> forwards) {
    if (forwards.equals(inForce)) {
      return;
    }
    restore("iptables-restore", forwards.stream().filter(forward -> !forward.v6()).toList());
    restore("ip6tables-restore", forwards.stream().filter(Forward::v6).toList());
    inForce = List.copyOf(forwards);
  }

  private void restore(String program, List<Forward> forwards) {
    node.command(program, "-w").reading(tables(forwards)).run();
  }

  static String tables(List<Forward> forwards) {
    StringBuilder chains = new StringBuilder();
    StringBuilder rules = new StringBuilder();
    Set<String> hairpins = new LinkedHashSet<>();
    StringBuilder refusals = new StringBuilder();
    for (int i = 0; i < forwards.size(); i++) {
      Forward forward = forwards.get(i);
      String match =
          fill(
              "-d %s -p %s --dport %d",
              forward.clusterIp(), forward.protocol().toLowerCase(Locale.ROOT), forward.port());
      if (forward.endpoints().isEmpty()) {
        refusals.append(fill("-A SERVICES %s -j REJECT\n", match));
        continue;
      }
      chains.append(fill(":SVC-%d -\n", i));
      rules.append(fill("-A SERVICES %s -j SVC-%d\n", match, i));
      appendChoice(rules, i, forward);
      for (Target target : forward.endpoints()) {
        hairpins.add(fill("-A POSTROUTING -s %1$s -d %1$s -j MASQUERADE\n", target.address()));
      }
    }
    return fill(
        """
        *nat
        :PREROUTING ACCEPT
        :OUTPUT ACCEPT
        :POSTROUTING ACCEPT
        :SERVICES -
        %s-A PREROUTING -j SERVICES
        -A OUTPUT -j SERVICES
        %s%sCOMMIT
        *filter
        :INPUT ACCEPT
        :FORWARD ACCEPT
        :OUTPUT ACCEPT
        :SERVICES -
        -A FORWARD -j SERVICES
        -A OUTPUT -j SERVICES
        %sCOMMIT
        """,
        chains, rules, String.join("", hairpins), refusals);
  }

  /**
   * The first of n is taken with the chance 1/n, the next of the others with 1/(n-1), and so on.
   */
  private static void appendChoice(StringBuilder rules, int service, Forward forward) {
    int left = forward.endpoints().size();
    for (Target target : forward.endpoints()) {
      String chance =
          left == 1 ? "" : fill("-m statistic --mode random --probability %.10f ", 1.0 / left);
      rules.append(
          fill(
              "-A SVC-%d -p %s %s-j DNAT --to-destination %s\n",
              service, forward.protocol().toLowerCase(Locale.ROOT), chance, target));
      left--;
    }
  }
}
