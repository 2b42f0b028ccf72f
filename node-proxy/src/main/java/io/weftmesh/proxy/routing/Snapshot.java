package io.weftmesh.proxy.routing;

import io.weftmesh.policy.model.AccessRules;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.InboundMode;
import io.weftmesh.policy.model.RequestPolicy;
import io.weftmesh.policy.model.RouteOrigin;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteSets;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.SecurityRules;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.model.WeightedDraw;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Destination.UnservedPort;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The cluster as this node knows it at one moment. Immutable; any thread, without a lock. Every
 * lookup is by hash and makes no garbage for addresses that the cluster knows.
 *
 * <p>What did not change from one snapshot to the next is the same object in both: endpoint sets
 * and route tables carry state with them (a balancer's, a draw's) that must go on.
 */
public final class Snapshot {
  /** Nothing is known yet. */
  public static final Snapshot EMPTY = new Builder(0).build();

  private final long version;
  private final Map<InetAddress, ServiceAddress> serviceAddresses;
  private final Map<ServicePortKey, PortEntry> ports;
  private final Map<Backend.Service, Families> subsets;
  private final Map<ServiceKey, BackendSettings> backendSettings;
  private final Map<InetAddress, PodDestination> pods;
  private final Map<String, MeshPod> localPods;
  private final Map<String, MeshPod> farPods;
  private final List<Workload> workloads;
  private final SecurityRules security;
  private final AccessRules access;

  private Snapshot(Builder builder) {
    this.version = builder.version;
    this.serviceAddresses = builder.serviceAddresses;
    this.ports = builder.ports;
    this.subsets = builder.subsets;
    this.backendSettings = builder.backendSettings;
    this.pods = builder.pods;
    this.localPods = builder.localPods;
    this.workloads = builder.localPods.values().stream().map(MeshPod::workload).toList();
    this.farPods = builder.farPods;
    this.security = builder.security;
    this.access = builder.access;
  }

  /** Grows with every snapshot of a process. */
  public long version() {
    return version;
  }

  /** What an original destination is. */
  public Destination destination(InetAddress address, int port) {
    ServiceAddress service = serviceAddresses.get(address);
    if (service != null) {
      ServiceDestination destination = service.port(port);
      return destination != null ? destination : new UnservedPort(service.service, port);
    }
    PodDestination pod = pods.get(address);
    return pod != null ? pod : new OutsideDestination(address);
  }

  /** The routes of a Service port for the clients of a namespace; never empty-handed. */
  public RouteTable routes(ServicePort port, String clientNamespace) {
    PortEntry entry = ports.get(port.key());
    return entry == null ? ownEndpoints(port.key()) : entry.routes(clientNamespace);
  }

  /** Whether a namespace has routes of its own for a Service port, as a consumer. */
  public boolean hasConsumerRoutes(ServicePort port, String clientNamespace) {
    PortEntry entry = ports.get(port.key());
    return entry != null
        && entry.routes != null
        && entry.routes.consumers().containsKey(clientNamespace);
  }

  /** Whether a Service has an address of its own: a headless one has none. */
  public boolean hasClusterAddress(ServiceKey service) {
    for (ServiceAddress address : serviceAddresses.values()) {
      if (address.service.equals(service)) {
        return true;
      }
    }
    return false;
  }

  /** The endpoints that a Service's port may be sent to now, of one family; perhaps none. */
  public EndpointSet endpoints(ServicePortKey key, IpFamily family) {
    PortEntry entry = ports.get(key);
    return entry == null ? EndpointSet.empty() : entry.endpoints.of(family);
  }

  /**
   * The endpoints that a backend may be sent to now, of one family. None for a subset that no pod
   * is known to belong to.
   */
  public EndpointSet endpoints(Backend.Service backend, IpFamily family) {
    if (!backend.isSubset()) {
      return endpoints(backend.key(), family);
    }
    Families subset = subsets.get(backend);
    return subset == null ? EndpointSet.empty() : subset.of(family);
  }

  /** Whether there is such a port, or subset of a port that some route leads to. */
  public boolean has(Backend.Service backend) {
    return backend.isSubset() ? subsets.containsKey(backend) : ports.containsKey(backend.key());
  }

  /** The port of a Service; null if there is none. */
  public @Nullable ServicePort servicePort(ServicePortKey key) {
    PortEntry entry = ports.get(key);
    return entry == null ? null : entry.port;
  }

  /** All ports of all Services. */
  public Collection<ServicePortKey> servicePorts() {
    return ports.keySet();
  }

  /** How connections to a Service's endpoints are made and kept. */
  public BackendSettings backendSettings(ServiceKey service) {
    return backendSettings.getOrDefault(service, BackendSettings.DEFAULT);
  }

  /** The pods of this node that take part in the mesh. */
  public Collection<Workload> localPods() {
    return workloads;
  }

  /** A pod of this node that takes part in the mesh; null if there is none of that UID. */
  public @Nullable Workload localPod(String uid) {
    MeshPod pod = localPods.get(uid);
    return pod == null ? null : pod.workload();
  }

  /** Who may connect to a pod of this node; null if there is none of that UID. */
  public @Nullable InboundPolicy inbound(String uid) {
    MeshPod pod = localPods.get(uid);
    return pod == null ? null : pod.inbound();
  }

  /**
   * A pod that takes part in the mesh, of this node or, as far as the source tells of them, of
   * another; null if there is none of that UID.
   */
  public @Nullable MeshPod meshPod(String uid) {
    MeshPod here = localPods.get(uid);
    return here != null ? here : farPods.get(uid);
  }

  /** The same, by name. Looks at all of them. */
  public @Nullable MeshPod meshPod(String namespace, String name) {
    return Stream.concat(localPods.values().stream(), farPods.values().stream())
        .filter(pod -> pod.workload().namespace().equals(namespace))
        .filter(pod -> pod.workload().name().equals(name))
        .findFirst()
        .orElse(null);
  }

  /** Who may call whom, for pods that only their own node knows. */
  public AccessRules access() {
    return access;
  }

  /**
   * What a pod elsewhere asks of those who connect to a port of it, as far as can be known here:
   * {@link InboundMode#STRICT} if it may be.
   */
  public InboundMode modeTowards(String namespace, int port) {
    return security.towards(namespace, port);
  }

  @Override
  public String toString() {
    return "Snapshot "
        + version
        + ": "
        + ports.size()
        + " service ports, "
        + pods.size()
        + " pod addresses, "
        + localPods.size()
        + " pods of this node in the mesh";
  }

  private static RouteTable ownEndpoints(ServicePortKey key) {
    return RouteTable.of(
        new RouteRule(
            RouteOrigin.service(key.service()),
            List.of(),
            WeightedDraw.always(new Backend.Service(key)),
            RequestPolicy.DEFAULT));
  }

  /** Endpoints of both families. */
  private record Families(EndpointSet ipv4, EndpointSet ipv6) {
    EndpointSet of(IpFamily family) {
      return family == IpFamily.IPV4 ? ipv4 : ipv6;
    }
  }

  /** The ports at one cluster address. Services have few: a scan is quicker than a hash. */
  private static final class ServiceAddress {
    private final ServiceKey service;
    private ServiceDestination[] destinations = {};

    ServiceAddress(ServiceKey service) {
      this.service = service;
    }

    void add(ServiceDestination destination) {
      destinations = Arrays.copyOf(destinations, destinations.length + 1);
      destinations[destinations.length - 1] = destination;
    }

    @Nullable ServiceDestination port(int port) {
      for (ServiceDestination destination : destinations) {
        if (destination.port().port() == port) {
          return destination;
        }
      }
      return null;
    }
  }

  private static final class PortEntry {
    private final ServicePort port;
    private final Families endpoints;
    private final @Nullable RouteSets routes;

    /** Made when first asked for: most Services are never called from this node. */
    private volatile @Nullable RouteTable implied;

    PortEntry(ServicePort port, Families endpoints, @Nullable RouteSets routes) {
      this.port = port;
      this.endpoints = endpoints;
      this.routes = routes;
    }

    RouteTable routes(String clientNamespace) {
      if (routes != null) {
        return routes.of(clientNamespace);
      }
      RouteTable table = implied;
      if (table == null) {
        table = ownEndpoints(port.key());
        implied = table;
      }
      return table;
    }
  }

  /** Gathers the parts of a snapshot. One thread; not to be used after {@link #build}. */
  public static final class Builder {
    private final long version;
    private final Map<InetAddress, ServiceAddress> serviceAddresses = new HashMap<>();
    private final Map<ServicePortKey, PortEntry> ports = new HashMap<>();
    private final Map<Backend.Service, Families> subsets = new HashMap<>();
    private final Map<ServiceKey, BackendSettings> backendSettings = new HashMap<>();
    private final Map<InetAddress, PodDestination> pods = new HashMap<>();
    private final Map<String, MeshPod> localPods = new LinkedHashMap<>();
    private final Map<String, MeshPod> farPods = new HashMap<>();
    private SecurityRules security = SecurityRules.NONE;
    private AccessRules access = AccessRules.NONE;

    public Builder(long version) {
      this.version = version;
    }

    /**
     * A port of a Service.
     *
     * @param addresses the Service's cluster addresses; empty for a headless one
     * @param routes null if no object routes or tunes the Service
     */
    public Builder servicePort(
        ServicePort port,
        List<InetAddress> addresses,
        EndpointSet ipv4,
        EndpointSet ipv6,
        @Nullable RouteSets routes) {
      for (InetAddress address : addresses) {
        serviceAddresses
            .computeIfAbsent(address, a -> new ServiceAddress(port.service()))
            .add(new ServiceDestination(port, IpFamily.of(address)));
      }
      ports.put(port.key(), new PortEntry(port, new Families(ipv4, ipv6), routes));
      return this;
    }

    /** A subset of a Service's endpoints that a route leads to. */
    public Builder subset(Backend.Service subset, EndpointSet ipv4, EndpointSet ipv6) {
      subsets.put(subset, new Families(ipv4, ipv6));
      return this;
    }

    public Builder backendSettings(ServiceKey service, BackendSettings settings) {
      backendSettings.put(service, settings);
      return this;
    }

    /** A pod anywhere, by one of its addresses. */
    public Builder pod(PodDestination pod) {
      pods.put(pod.address(), pod);
      return this;
    }

    /** A pod of this node that takes part in the mesh. */
    public Builder localPod(Workload workload, InboundPolicy inbound) {
      localPods.put(workload.uid(), new MeshPod(workload, inbound));
      for (InetAddress address : workload.addresses()) {
        pods.put(
            address,
            new PodDestination(address, workload.namespace(), workload.name(), workload.uid()));
      }
      return this;
    }

    /** A pod of another node that takes part in the mesh. */
    public Builder farPod(Workload workload, InboundPolicy inbound) {
      farPods.put(workload.uid(), new MeshPod(workload, inbound));
      return this;
    }

    public Builder access(AccessRules rules) {
      access = rules;
      return this;
    }

    public Builder security(SecurityRules rules) {
      security = rules;
      return this;
    }

    public Snapshot build() {
      return new Snapshot(this);
    }
  }
}
