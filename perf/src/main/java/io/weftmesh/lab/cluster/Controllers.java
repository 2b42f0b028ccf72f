package io.weftmesh.lab.cluster;

import static io.weftmesh.lab.host.Template.fill;

import io.weftmesh.lab.network.AddressPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Fills in what a cluster's own controllers would: a pod's UID, node and addresses, a Service's
 * ClusterIPs, and the EndpointSlices of Services with a selector.
 */
public final class Controllers {
  static final String SERVICE_NAME = "kubernetes.io/service-name";
  private static final Set<String> CLUSTER_SCOPED = Set.of("Namespace", "Node");
  private static final int LAST_POD_NUMBER = 254;

  private final ManifestFolder manifests;
  private final List<String> nodes;
  // Where each node's next address is looked for: an address is used again as late as possible.
  private final int[] nextPodNumber;
  private int nextService = 1;
  // Completed, and not yet among the manifests.
  private final Map<ObjectKey, Manifest> underWay = new HashMap<>();

  public Controllers(ManifestFolder manifests, List<String> nodes) {
    this.manifests = manifests;
    this.nodes = List.copyOf(nodes);
    this.nextPodNumber = new int[nodes.size()];
  }

  /** Returns {@code object} with everything that its user may leave out. */
  public Manifest complete(Manifest object) {
    return switch (object.kind()) {
      case "Pod" -> {
        Manifest pod = completePod(place(object));
        underWay.put(pod.key(), pod);
        yield pod;
      }
      case "Service" -> completeService(place(object));
      default -> place(object);
    };
  }

  /** Returns {@code object} with a namespace, if it is of a kind that lives in one. */
  public Manifest place(Manifest object) {
    return CLUSTER_SCOPED.contains(object.kind())
        ? object
        : object.withDefault("default", "metadata", "namespace");
  }

  private Manifest completePod(Manifest given) {
    Manifest before = manifests.find(given.key()).orElse(given);
    String node = before.text("spec", "nodeName").orElseGet(this::emptiestNode);
    int nodeNumber = nodes.indexOf(node) + 1;
    if (nodeNumber == 0) {
      throw new IllegalArgumentException(
          fill("%s: spec.nodeName is %s, and the nodes are %s", given.key(), node, nodes));
    }
    String uid = before.text("metadata", "uid").orElseGet(() -> UUID.randomUUID().toString());
    Manifest pod =
        given
            .withDefault(uid, "metadata", "uid")
            .withDefault(node, "spec", "nodeName")
            .withDefault("default", "spec", "serviceAccountName");
    if (pod.has("status", "podIP")) {
      return pod;
    }
    return before.has("status", "podIP")
        ? pod.with(before.at("status").orElseThrow(), "status")
        : withAddresses(pod, nodeNumber, freePodNumber(nodeNumber));
  }

  private static Manifest withAddresses(Manifest pod, int node, int number) {
    String address = AddressPlan.pod(node, number);
    String address6 = AddressPlan.pod6(node, number);
    return pod.with("Pending", "status", "phase")
        .with(address, "status", "podIP")
        .with(List.of(Map.of("ip", address), Map.of("ip", address6)), "status", "podIPs")
        .with(AddressPlan.gateway(node), "status", "hostIP");
  }

  /** The node with the fewest pods. */
  private String emptiestNode() {
    return nodes.stream()
        .min(Comparator.comparingLong(this::podsOn))
        .orElseThrow(() -> new IllegalStateException("the lab has no node"));
  }

  private long podsOn(String node) {
    return pods().stream()
        .filter(pod -> pod.text("spec", "nodeName").orElse("").equals(node))
        .count();
  }

  private List<Manifest> pods() {
    forgetArrived();
    return Stream.concat(manifests.all("Pod").stream(), underWay.values().stream()).toList();
  }

  private void forgetArrived() {
    underWay.keySet().removeIf(key -> manifests.find(key).isPresent());
  }

  private int freePodNumber(int node) {
    Set<String> taken = new HashSet<>();
    pods().forEach(pod -> pod.text("status", "podIP").ifPresent(taken::add));
    int first = 2;
    int count = LAST_POD_NUMBER - first + 1;
    int offset =
        IntStream.range(0, count)
            .map(i -> (nextPodNumber[node - 1] + i) % count)
            .filter(i -> !taken.contains(AddressPlan.pod(node, first + i)))
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException(fill("node %s is full", nodes.get(node - 1))));
    nextPodNumber[node - 1] = offset + 1;
    return first + offset;
  }

  private Manifest completeService(Manifest service) {
    boolean named = service.text("spec", "type").orElse("").equals("ExternalName");
    if (named || service.has("spec", "clusterIP")) {
      return service;
    }
    List<String> addresses =
        manifests
            .find(service.key())
            .map(before -> before.texts("spec", "clusterIPs"))
            .filter(before -> !before.isEmpty())
            .orElseGet(this::freeClusterIps);
    boolean dual =
        service.text("spec", "ipFamilyPolicy").orElse("SingleStack").endsWith("DualStack");
    return service
        .with(addresses.getFirst(), "spec", "clusterIP")
        .with(dual ? addresses : addresses.subList(0, 1), "spec", "clusterIPs");
  }

  private List<String> freeClusterIps() {
    Set<String> taken = new HashSet<>();
    manifests.all("Service").forEach(service -> taken.addAll(service.texts("spec", "clusterIPs")));
    while (taken.contains(AddressPlan.service(nextService))) {
      nextService++;
    }
    return List.of(AddressPlan.service(nextService), AddressPlan.service6(nextService));
  }

  /** Writes the EndpointSlices as Services and pods now stand, and removes those of no Service. */
  public void syncEndpointSlices() {
    forgetArrived();
    Set<ObjectKey> wanted = new HashSet<>();
    for (Manifest service : manifests.all("Service")) {
      Map<String, String> selector = service.textMap("spec", "selector");
      if (selector.isEmpty()) {
        continue;
      }
      for (String family : families(service)) {
        Manifest slice = slice(service, selector, family);
        wanted.add(slice.key());
        manifests.put(slice);
      }
    }
    for (Manifest slice : manifests.all("EndpointSlice")) {
      boolean ours =
          slice.text("metadata", "labels", "endpointslice.kubernetes.io/managed-by").isPresent();
      if (ours && !wanted.contains(slice.key())) {
        manifests.remove(slice.key());
      }
    }
  }

  private static List<String> families(Manifest service) {
    return service.texts("spec", "clusterIPs").size() > 1
        ? List.of("IPv4", "IPv6")
        : List.of("IPv4");
  }

  private Manifest slice(Manifest service, Map<String, String> selector, String family) {
    List<Map<String, Object>> endpoints = new ArrayList<>();
    for (Manifest pod : manifests.all("Pod")) {
      if (pod.namespace().equals(service.namespace())
          && pod.textMap("metadata", "labels").entrySet().containsAll(selector.entrySet())) {
        endpoint(pod, family).ifPresent(endpoints::add);
      }
    }
    Map<String, Object> labels = new LinkedHashMap<>();
    labels.put(SERVICE_NAME, service.name());
    labels.put("endpointslice.kubernetes.io/managed-by", "lab.weftmesh.io");
    return Manifest.parse(
            fill(
                """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata:
                  name: %s-%s
                  namespace: %s
                addressType: %s
                """,
                service.name(), family.equals("IPv4") ? "v4" : "v6", service.namespace(), family))
        .with(labels, "metadata", "labels")
        .with(endpoints, "endpoints")
        .with(
            service.parts("spec", "ports").stream().map(Controllers::slicePort).toList(), "ports");
  }

  private static Optional<Map<String, Object>> endpoint(Manifest pod, String family) {
    boolean v6 = family.equals("IPv6");
    return pod.parts("status", "podIPs").stream()
        .map(ip -> ip.text("ip").orElseThrow())
        .filter(ip -> (ip.indexOf(':') >= 0) == v6)
        .findFirst()
        .map(address -> {
          boolean ready = PodTemplate.isReady(pod);
          Map<String, Object> conditions = new LinkedHashMap<>();
          conditions.put("ready", ready);
          conditions.put("serving", ready);
          conditions.put("terminating", false);
          Map<String, Object> target = new LinkedHashMap<>();
          target.put("kind", "Pod");
          target.put("name", pod.name());
          target.put("namespace", pod.namespace());
          target.put("uid", pod.text("metadata", "uid").orElseThrow());
          Map<String, Object> endpoint = new LinkedHashMap<>();
          endpoint.put("addresses", List.of(address));
          endpoint.put("conditions", conditions);
          endpoint.put("nodeName", pod.text("spec", "nodeName").orElseThrow());
          endpoint.put("targetRef", target);
          return endpoint;
        });
  }

  private static Map<String, Object> slicePort(Manifest port) {
    Map<String, Object> slicePort = new LinkedHashMap<>();
    slicePort.put("name", port.text("name").orElse(""));
    slicePort.put(
        "port",
        Integer.parseInt(port.text("targetPort").or(() -> port.text("port")).orElseThrow()));
    slicePort.put("protocol", port.text("protocol").orElse("TCP"));
    port.text("appProtocol").ifPresent(protocol -> slicePort.put("appProtocol", protocol));
    return slicePort;
  }
}
