package io.weftmesh.proxy.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.weftmesh.policy.compile.RouteReader;
import io.weftmesh.policy.compile.Written;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.v1alpha1.AccessPolicy;
import io.weftmesh.policy.v1alpha1.MeshSecurity;
import io.weftmesh.policy.v1alpha1.TrafficPolicy;
import io.weftmesh.policy.v1alpha1.TrafficShift;
import io.weftmesh.proxy.cluster.ClusterObject.AccessObject;
import io.weftmesh.proxy.cluster.ClusterObject.NamespaceObject;
import io.weftmesh.proxy.cluster.ClusterObject.NodeObject;
import io.weftmesh.proxy.cluster.ClusterObject.PolicyObject;
import io.weftmesh.proxy.cluster.ClusterObject.RouteObject;
import io.weftmesh.proxy.cluster.ClusterObject.SecurityObject;
import io.weftmesh.proxy.cluster.ClusterObject.ServiceObject;
import io.weftmesh.proxy.cluster.ClusterObject.ShiftObject;
import io.weftmesh.proxy.cluster.ClusterObject.SliceObject;
import io.weftmesh.proxy.routing.Cidr;
import io.weftmesh.proxy.routing.IpFamily;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps of each object what the snapshot is made of. An {@link IllegalArgumentException} names the
 * field, its value and what was expected. Thread-safe.
 */
final class Reduction {
  /** The kinds that are read. */
  static final Set<Class<? extends HasMetadata>> KINDS = kinds();

  private static final String ZONE_LABEL = "topology.kubernetes.io/zone";
  private static final String SERVICE_LABEL = "kubernetes.io/service-name";
  private static final int DEFAULT_AFFINITY_SECONDS = 10_800;

  private Reduction() {}

  private static Set<Class<? extends HasMetadata>> kinds() {
    Set<Class<? extends HasMetadata>> kinds = new HashSet<>(RouteReader.KINDS);
    kinds.addAll(
        List.of(
            Namespace.class,
            Node.class,
            Pod.class,
            Service.class,
            EndpointSlice.class,
            TrafficShift.class,
            TrafficPolicy.class,
            MeshSecurity.class,
            AccessPolicy.class));
    return Set.copyOf(kinds);
  }

  static ClusterObject reduce(HasMetadata object) {
    return switch (object) {
      case Namespace namespace ->
          new NamespaceObject(
              namespace.getMetadata().getName(), labels(namespace.getMetadata().getLabels()));
      case Node node ->
          new NodeObject(
              node.getMetadata().getName(), labels(node.getMetadata().getLabels()).get(ZONE_LABEL));
      case Pod pod -> PodReduction.reduce(pod);
      case Service service -> service(service);
      case EndpointSlice slice -> slice(slice);
      case TrafficShift shift -> new ShiftObject(Written.of(shift));
      case TrafficPolicy policy -> new PolicyObject(Written.of(policy));
      case MeshSecurity security -> new SecurityObject(Written.of(security));
      case AccessPolicy access -> new AccessObject(Written.of(access));
      case HasMetadata route when RouteReader.reads(route) ->
          new RouteObject(RouteReader.read(route));
      default -> throw new IllegalArgumentException("kind " + object.getKind() + " is not read");
    };
  }

  static Map<String, String> labels(@Nullable Map<String, String> labels) {
    return labels == null ? Map.of() : Map.copyOf(labels);
  }

  /**
   * An address as Kubernetes writes it.
   *
   * @param field where it stands, for the error
   */
  static InetAddress address(String field, String text) {
    try {
      return Cidr.address(text);
    } catch (IllegalArgumentException malformed) {
      throw new IllegalArgumentException(
          field + " is \"" + text + "\", expected an IP address", malformed);
    }
  }

  private static ServiceObject service(Service service) {
    ServiceKey key =
        new ServiceKey(service.getMetadata().getNamespace(), service.getMetadata().getName());
    ServiceSpec spec = service.getSpec();
    if (spec == null) {
      throw new IllegalArgumentException("spec is missing");
    }
    List<ServiceObject.Port> ports = new ArrayList<>();
    for (ServicePort port : spec.getPorts()) {
      if (port.getPort() == null) {
        throw new IllegalArgumentException(
            "spec.ports[" + spec.getPorts().indexOf(port) + "].port is missing");
      }
      if (isTcp(port.getProtocol())) {
        ports.add(
            new ServiceObject.Port(port.getPort(), text(port.getName()), port.getAppProtocol()));
      }
    }
    return new ServiceObject(
        key,
        clusterAddresses(spec),
        "ExternalName".equals(spec.getType()),
        "Local".equals(spec.getInternalTrafficPolicy()),
        affinity(spec),
        List.copyOf(ports));
  }

  private static List<InetAddress> clusterAddresses(ServiceSpec spec) {
    List<String> texts = spec.getClusterIPs();
    if (texts == null || texts.isEmpty()) {
      texts = spec.getClusterIP() == null ? List.of() : List.of(spec.getClusterIP());
    }
    List<InetAddress> addresses = new ArrayList<>(2);
    for (String text : texts) {
      if (!text.isEmpty() && !text.equals("None")) {
        addresses.add(address("spec.clusterIPs", text));
      }
    }
    return List.copyOf(addresses);
  }

  private static Duration affinity(ServiceSpec spec) {
    if (!"ClientIP".equals(spec.getSessionAffinity())) {
      return Duration.ZERO;
    }
    var config = spec.getSessionAffinityConfig();
    Integer seconds =
        config == null || config.getClientIP() == null
            ? null
            : config.getClientIP().getTimeoutSeconds();
    return Duration.ofSeconds(seconds == null ? DEFAULT_AFFINITY_SECONDS : seconds);
  }

  private static SliceObject slice(EndpointSlice slice) {
    String namespace = slice.getMetadata().getNamespace();
    String service = labels(slice.getMetadata().getLabels()).get(SERVICE_LABEL);
    Map<String, Integer> ports = new HashMap<>();
    for (EndpointPort port : slice.getPorts()) {
      if (isTcp(port.getProtocol()) && port.getPort() != null) {
        ports.put(text(port.getName()), port.getPort());
      }
    }
    List<SliceObject.Place> places = new ArrayList<>();
    if (!"FQDN".equals(slice.getAddressType())) {
      for (Endpoint endpoint : slice.getEndpoints()) {
        // All addresses of an endpoint are equal (EndpointSlice's own words): the first will do.
        places.add(place(endpoint));
      }
    }
    // A slice without the label belongs to no Service, and a name that none can have says so.
    return new SliceObject(
        new ServiceKey(namespace, text(service)),
        "IPv6".equals(slice.getAddressType()) ? IpFamily.IPV6 : IpFamily.IPV4,
        Map.copyOf(ports),
        List.copyOf(places));
  }

  private static SliceObject.Place place(Endpoint endpoint) {
    if (endpoint.getAddresses().isEmpty()) {
      throw new IllegalArgumentException("endpoints.addresses is empty, expected one address");
    }
    EndpointConditions conditions = endpoint.getConditions();
    boolean ready = conditions == null || !Boolean.FALSE.equals(conditions.getReady());
    var target = endpoint.getTargetRef();
    boolean isPod = target != null && "Pod".equals(target.getKind());
    var hints = endpoint.getHints();
    return new SliceObject.Place(
        address("endpoints.addresses", endpoint.getAddresses().getFirst()),
        isPod ? target.getUid() : null,
        interned(endpoint.getNodeName()),
        interned(endpoint.getZone()),
        ready,
        (conditions == null || conditions.getServing() == null) ? ready : conditions.getServing(),
        conditions != null && Boolean.TRUE.equals(conditions.getTerminating()),
        hints == null || hints.getForNodes() == null
            ? List.of()
            : hints.getForNodes().stream().map(node -> node.getName()).toList(),
        hints == null || hints.getForZones() == null
            ? List.of()
            : hints.getForZones().stream().map(zone -> zone.getName()).toList());
  }

  /** Few names, on very many endpoints. */
  private static @Nullable String interned(@Nullable String name) {
    return name == null ? null : name.intern();
  }

  private static boolean isTcp(@Nullable String protocol) {
    return protocol == null || protocol.equals("TCP");
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
