package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.OptIn;
import io.weftmesh.policy.compile.Compiled;
import io.weftmesh.policy.compile.PolicyCompiler;
import io.weftmesh.policy.compile.PolicyObjects;
import io.weftmesh.policy.compile.Problem;
import io.weftmesh.policy.compile.RouteSpec;
import io.weftmesh.policy.compile.ServiceShape;
import io.weftmesh.policy.compile.Written;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.Protocol;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.policy.v1alpha1.AccessPolicySpec;
import io.weftmesh.policy.v1alpha1.MeshSecuritySpec;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import io.weftmesh.proxy.cluster.ClusterObject.AccessObject;
import io.weftmesh.proxy.cluster.ClusterObject.NamespaceObject;
import io.weftmesh.proxy.cluster.ClusterObject.NodeObject;
import io.weftmesh.proxy.cluster.ClusterObject.PodObject;
import io.weftmesh.proxy.cluster.ClusterObject.PolicyObject;
import io.weftmesh.proxy.cluster.ClusterObject.RouteObject;
import io.weftmesh.proxy.cluster.ClusterObject.SecurityObject;
import io.weftmesh.proxy.cluster.ClusterObject.ServiceObject;
import io.weftmesh.proxy.cluster.ClusterObject.ShiftObject;
import io.weftmesh.proxy.cluster.ClusterObject.SliceObject;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.InboundPolicy;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Folds all objects into the next snapshot of one node. What has not changed since the last fold
 * (sets of endpoints, draws of weighted backends) is handed on as the same object, so that whoever
 * keeps state by it goes on. Not thread-safe.
 */
final class SnapshotFold {
  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

  private final String node;
  private final EndpointSets endpoints;
  private final PodLabels labels;
  private final HeldShifts held = new HeldShifts();
  private Compiled compiled = Compiled.NOTHING;
  private long version;

  /**
   * @param labels by which subsets are told apart
   */
  SnapshotFold(String node, PodLabels labels) {
    this.node = node;
    this.labels = labels;
    this.endpoints = new EndpointSets(node);
  }

  /**
   * A snapshot and what could not be honoured in it.
   *
   * @param labelled whether no shift waits for the first that is told of labels
   * @param problems a line each
   */
  record Folded(Snapshot snapshot, boolean labelled, List<String> problems) {}

  Folded fold(Collection<? extends ClusterObject> objects) {
    Sorted sorted = new Sorted();
    objects.forEach(sorted::add);
    Set<String> problems = new TreeSet<>();
    compiled =
        PolicyCompiler.compile(
                new PolicyObjects(
                    sorted.routes,
                    held.release(sorted.shifts, labels.keys(), problems),
                    sorted.policies,
                    sorted.securities,
                    sorted.accesses),
                service -> shape(sorted.services.get(service)))
            .keeping(compiled);
    for (Problem problem : compiled.problems()) {
      problems.add(problem.toString());
    }
    version++;
    Snapshot.Builder builder =
        new Snapshot.Builder(version).security(compiled.security()).access(compiled.access());
    compiled.backends().forEach(builder::backendSettings);
    endpoints.begin(sorted.zones.get(node));
    sorted.services.values().forEach(service -> addService(builder, service, sorted));
    compiled.subsets().forEach(subset -> addSubset(builder, subset, sorted));
    sorted.pods.forEach(pod -> addPod(builder, pod, sorted, problems));
    return new Folded(builder.build(), !held.isWaiting(), List.copyOf(problems));
  }

  private void addService(Snapshot.Builder builder, ServiceObject service, Sorted sorted) {
    if (service.external()) {
      return;
    }
    List<SliceObject> slices = sorted.slices.getOrDefault(service.key(), List.of());
    for (ServiceObject.Port port : service.ports()) {
      ServicePortKey key = new ServicePortKey(service.key(), port.number());
      builder.servicePort(
          new ServicePort(
              key,
              port.name(),
              Protocol.declared(port.appProtocol(), port.name()),
              service.affinity()),
          service.addresses(),
          endpoints.of(service, port, IpFamily.IPV4, slices),
          endpoints.of(service, port, IpFamily.IPV6, slices),
          compiled.routes().get(key));
    }
    // Endpoints tell of pods on other nodes too, which no node watches.
    for (SliceObject slice : slices) {
      for (SliceObject.Place place : slice.places()) {
        if (place.podUid() != null && !sorted.onHostNetwork.contains(place.podUid())) {
          builder.pod(
              new PodDestination(place.address(), service.key().namespace(), "", place.podUid()));
        }
      }
    }
  }

  private void addSubset(Snapshot.Builder builder, Backend.Service subset, Sorted sorted) {
    ServiceObject service = sorted.services.get(subset.service());
    if (service == null) {
      return;
    }
    List<SliceObject> slices = sorted.slices.getOrDefault(service.key(), List.of());
    for (ServiceObject.Port port : service.ports()) {
      if (port.number() == subset.key().port()) {
        builder.subset(
            subset,
            endpoints.of(subset, service, port, IpFamily.IPV4, slices, labels),
            endpoints.of(subset, service, port, IpFamily.IPV6, slices, labels));
      }
    }
  }

  private void addPod(
      Snapshot.Builder builder, PodObject pod, Sorted sorted, Set<String> problems) {
    if (pod.hostNetwork() || pod.addresses().isEmpty() || ended(pod)) {
      return;
    }
    for (InetAddress address : pod.addresses()) {
      builder.pod(new PodDestination(address, pod.namespace(), pod.name(), pod.uid()));
    }
    Map<String, String> namespaceLabels = sorted.namespaces.getOrDefault(pod.namespace(), Map.of());
    OptIn.invalidLabel(pod.labels())
        .ifPresent(
            wrong -> problems.add("Pod " + pod.namespace() + "/" + pod.name() + ": " + wrong));
    OptIn.invalidLabel(namespaceLabels)
        .ifPresent(wrong -> problems.add("Namespace " + pod.namespace() + ": " + wrong));
    OptIn.Verdict verdict =
        OptIn.judge(pod.namespace(), namespaceLabels, pod.labels(), pod.hostNetwork(), pod.phase());
    if (!verdict.in()) {
      return;
    }
    Workload workload =
        new Workload(
            pod.uid(),
            pod.namespace(),
            pod.name(),
            pod.workload(),
            pod.serviceAccount(),
            pod.node() == null ? "" : pod.node(),
            pod.addresses(),
            pod.labels(),
            pod.exclusions(),
            pod.probes(),
            pod.bounds());
    InboundPolicy inbound =
        new InboundPolicy(
            compiled.security().of(pod.namespace(), pod.labels()),
            compiled.access().of(pod.namespace(), pod.labels()),
            pod.probes());
    if (node.equals(pod.node())) {
      builder.localPod(workload, inbound);
    } else {
      builder.farPod(workload, inbound);
    }
  }

  private static boolean ended(PodObject pod) {
    return pod.phase() != null && ENDED.contains(pod.phase());
  }

  private static @Nullable ServiceShape shape(@Nullable ServiceObject service) {
    if (service == null) {
      return null;
    }
    Set<Integer> ports = new HashSet<>();
    Map<String, Integer> byName = new HashMap<>();
    Map<Integer, Protocol> declared = new HashMap<>();
    for (ServiceObject.Port port : service.ports()) {
      ports.add(port.number());
      declared.put(port.number(), Protocol.declared(port.appProtocol(), port.name()));
      if (!port.name().isEmpty()) {
        byName.put(port.name(), port.number());
      }
    }
    ServiceShape.Type type =
        service.external()
            ? ServiceShape.Type.EXTERNAL_NAME
            : service.addresses().isEmpty()
                ? ServiceShape.Type.HEADLESS
                : ServiceShape.Type.CLUSTER_IP;
    return new ServiceShape(type, ports, byName, declared);
  }

  /** The objects by kind. */
  private static final class Sorted {
    private final Map<String, Map<String, String>> namespaces = new HashMap<>();
    private final Map<String, String> zones = new HashMap<>();
    private final Map<ServiceKey, ServiceObject> services = new HashMap<>();
    private final Map<ServiceKey, List<SliceObject>> slices = new HashMap<>();
    private final List<PodObject> pods = new ArrayList<>();

    /** Their address is the node's, and more than theirs. */
    private final Set<String> onHostNetwork = new HashSet<>();

    private final List<Written<RouteSpec>> routes = new ArrayList<>();
    private final List<Written<TrafficShiftSpec>> shifts = new ArrayList<>();
    private final List<Written<TrafficPolicySpec>> policies = new ArrayList<>();
    private final List<Written<MeshSecuritySpec>> securities = new ArrayList<>();
    private final List<Written<AccessPolicySpec>> accesses = new ArrayList<>();

    void add(ClusterObject object) {
      switch (object) {
        case NamespaceObject namespace -> namespaces.put(namespace.name(), namespace.labels());
        case NodeObject(String name, String zone) -> {
          if (zone != null) {
            zones.put(name, zone);
          }
        }
        case ServiceObject service -> services.put(service.key(), service);
        case SliceObject slice ->
            slices.computeIfAbsent(slice.service(), key -> new ArrayList<>()).add(slice);
        case PodObject pod -> {
          pods.add(pod);
          if (pod.hostNetwork()) {
            onHostNetwork.add(pod.uid());
          }
        }
        case RouteObject route -> routes.add(route.written());
        case ShiftObject shift -> shifts.add(shift.written());
        case PolicyObject policy -> policies.add(policy.written());
        case SecurityObject security -> securities.add(security.written());
        case AccessObject access -> accesses.add(access.written());
      }
    }
  }
}
