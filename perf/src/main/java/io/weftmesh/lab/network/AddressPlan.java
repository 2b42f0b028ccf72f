package io.weftmesh.lab.network;

import static io.weftmesh.lab.host.Template.fill;

/**
 * The addresses of a lab. All of them live in the lab's own namespaces, so every lab has the same.
 */
public final class AddressPlan {
  /** All ClusterIPs. */
  public static final String SERVICES = "10.96.0.0/16";

  public static final String SERVICES_6 = "fd77:96::/112";

  private AddressPlan() {}

  /** Where node {@code node} (from 1) is on the bridge between the nodes. */
  static String underlay(int node) {
    return "172.30.0." + node;
  }

  static String underlay6(int node) {
    return "fd77:30::" + Integer.toHexString(node);
  }

  /** The node's side of its pods' links; what the kubelet probes from. */
  public static String gateway(int node) {
    return pod(node, 1);
  }

  public static String gateway6(int node) {
    return pod6(node, 1);
  }

  static String pods(int node) {
    return fill("10.244.%d.0/24", node);
  }

  static String pods6(int node) {
    return fill("fd77:244:0:%x::/64", node);
  }

  /** The address of the node's pod with this number, 2 to 254. */
  public static String pod(int node, int number) {
    return fill("10.244.%d.%d", node, number);
  }

  public static String pod6(int node, int number) {
    return fill("fd77:244:0:%x::%x", node, number);
  }

  /** The ClusterIP with this number, from 1. */
  public static String service(int number) {
    return fill("10.96.%d.%d", number >> 8, number & 0xff);
  }

  public static String service6(int number) {
    return fill("fd77:96::%x", number);
  }
}
