package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.weftmesh.proxy.cluster.ClusterObject.PodObject;
import io.weftmesh.proxy.routing.Cidr;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.routing.Probe;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Keeps of a pod what is needed to capture it and to admit its own probes. */
final class PodReduction {
  static final String EXCLUDE_INBOUND_PORTS = "weftmesh.io/exclude-inbound-ports";
  static final String EXCLUDE_OUTBOUND_PORTS = "weftmesh.io/exclude-outbound-ports";
  static final String EXCLUDE_OUTBOUND_CIDRS = "weftmesh.io/exclude-outbound-cidrs";

  static final String MAX_CONNECTIONS = "weftmesh.io/max-connections";
  static final String MAX_NEW_CONNECTIONS = "weftmesh.io/max-new-connections-per-second";

  private static final String TEMPLATE_HASH = "pod-template-hash";

  private PodReduction() {}

  static PodObject reduce(Pod pod) {
    var metadata = pod.getMetadata();
    PodSpec spec = pod.getSpec();
    if (spec == null) {
      throw new IllegalArgumentException("spec is missing");
    }
    if (metadata.getUid() == null) {
      throw new IllegalArgumentException("metadata.uid is missing, expected the pod's own");
    }
    PodStatus status = pod.getStatus();
    return new PodObject(
        metadata.getUid(),
        metadata.getNamespace(),
        metadata.getName(),
        workload(pod),
        spec.getServiceAccountName() == null ? "default" : spec.getServiceAccountName(),
        spec.getNodeName(),
        status == null ? null : status.getPhase(),
        Boolean.TRUE.equals(spec.getHostNetwork()),
        addresses(status),
        Reduction.labels(metadata.getLabels()),
        exclusions(Reduction.labels(metadata.getAnnotations())),
        probes(spec),
        bounds(Reduction.labels(metadata.getAnnotations())));
  }

  /** The name that stays when the pod is replaced: metrics would otherwise grow with every pod. */
  private static String workload(Pod pod) {
    String name = pod.getMetadata().getName();
    for (OwnerReference owner : pod.getMetadata().getOwnerReferences()) {
      if (Boolean.TRUE.equals(owner.getController())) {
        String hash = Reduction.labels(pod.getMetadata().getLabels()).get(TEMPLATE_HASH);
        return hash != null
                && "ReplicaSet".equals(owner.getKind())
                && owner.getName().endsWith("-" + hash)
            ? owner.getName().substring(0, owner.getName().length() - hash.length() - 1)
            : owner.getName();
      }
    }
    return name;
  }

  private static List<InetAddress> addresses(@Nullable PodStatus status) {
    if (status == null) {
      return List.of();
    }
    Set<InetAddress> addresses = new LinkedHashSet<>();
    if (status.getPodIP() != null) {
      addresses.add(Reduction.address("status.podIP", status.getPodIP()));
    }
    for (PodIP address : status.getPodIPs()) {
      addresses.add(Reduction.address("status.podIPs", address.getIp()));
    }
    return List.copyOf(addresses);
  }

  private static Exclusions exclusions(Map<String, String> annotations) {
    return new Exclusions(
        list(annotations, EXCLUDE_INBOUND_PORTS, PodReduction::port),
        list(annotations, EXCLUDE_OUTBOUND_PORTS, PodReduction::port),
        List.copyOf(list(annotations, EXCLUDE_OUTBOUND_CIDRS, Cidr::parse)));
  }

  private static PodBounds bounds(Map<String, String> annotations) {
    return new PodBounds(
        count(annotations, MAX_CONNECTIONS, PodBounds.DEFAULT.maxConnections()),
        count(annotations, MAX_NEW_CONNECTIONS, PodBounds.DEFAULT.maxNewConnectionsPerSecond()));
  }

  private static int count(Map<String, String> annotations, String name, int otherwise) {
    String value = annotations.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      int count = Integer.parseInt(value);
      if (count >= 1) {
        return count;
      }
    } catch (NumberFormatException wrong) {
      throw noCount(name, value, wrong);
    }
    throw noCount(name, value, null);
  }

  private static IllegalArgumentException noCount(
      String name, String value, @Nullable NumberFormatException cause) {
    return new IllegalArgumentException(
        "annotation " + name + " is \"" + value + "\", expected a number of at least 1", cause);
  }

  private static int port(String text) {
    int port = text.isEmpty() || text.length() > 5 ? 0 : Integer.parseInt(text);
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("\"" + text + "\" is no port, expected 1 to 65535");
    }
    return port;
  }

  private static <T> Set<T> list(
      Map<String, String> annotations, String name, Function<String, T> parse) {
    String value = annotations.get(name);
    if (value == null || value.isBlank()) {
      return Set.of();
    }
    Set<T> parsed = new LinkedHashSet<>();
    for (String part : value.split(",", -1)) {
      try {
        parsed.add(parse.apply(part.strip()));
      } catch (IllegalArgumentException wrong) {
        throw new IllegalArgumentException(
            "annotation "
                + name
                + " is \""
                + value
                + "\", expected a list separated by commas: "
                + wrong.getMessage(),
            wrong);
      }
    }
    return parsed;
  }

  private static List<Probe> probes(PodSpec spec) {
    Set<Probe> probes = new LinkedHashSet<>();
    List<Container> containers = new ArrayList<>(spec.getContainers());
    containers.addAll(spec.getInitContainers());
    for (Container container : containers) {
      add(probes, container, container.getStartupProbe());
      add(probes, container, container.getReadinessProbe());
      add(probes, container, container.getLivenessProbe());
    }
    return List.copyOf(probes);
  }

  private static void add(
      Set<Probe> probes,
      Container container,
      io.fabric8.kubernetes.api.model.@Nullable Probe probe) {
    if (probe == null) {
      return;
    }
    if (probe.getHttpGet() != null) {
      var get = probe.getHttpGet();
      String path = get.getPath() == null || get.getPath().isEmpty() ? "/" : get.getPath();
      probes.add(
          new Probe.HttpGet(
              number(container, "httpGet", get.getPort()),
              path.startsWith("/") ? path : "/" + path,
              "HTTPS".equals(get.getScheme())));
    }
    if (probe.getTcpSocket() != null) {
      probes.add(
          new Probe.TcpConnect(number(container, "tcpSocket", probe.getTcpSocket().getPort())));
    }
    if (probe.getGrpc() != null) {
      String service = probe.getGrpc().getService();
      probes.add(new Probe.GrpcHealth(probe.getGrpc().getPort(), service == null ? "" : service));
    }
  }

  private static int number(Container container, String kind, @Nullable IntOrString port) {
    if (port == null) {
      throw new IllegalArgumentException(
          "a probe of container "
              + container.getName()
              + " is wrong: "
              + kind
              + ".port is missing");
    }
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    for (ContainerPort named : container.getPorts()) {
      if (named.getName() != null && named.getName().equals(port.getStrVal())) {
        return named.getContainerPort();
      }
    }
    throw new IllegalArgumentException(
        "a probe of container "
            + container.getName()
            + " names port \""
            + port.getStrVal()
            + "\", expected the name of one of the container's ports");
  }
}
