package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.compile.RouteSpec;
import io.weftmesh.policy.compile.Written;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.policy.v1alpha1.AccessPolicySpec;
import io.weftmesh.policy.v1alpha1.MeshSecuritySpec;
import io.weftmesh.policy.v1alpha1.TrafficPolicySpec;
import io.weftmesh.policy.v1alpha1.TrafficShiftSpec;
import io.weftmesh.proxy.routing.Exclusions;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodBounds;
import io.weftmesh.proxy.routing.Probe;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is kept of a Kubernetes object. */
sealed interface ClusterObject {

  /** Labels of a namespace, of which its pods inherit whether they take part. */
  record NamespaceObject(String name, Map<String, String> labels) implements ClusterObject {}

  /**
   * A node.
   *
   * @param zone null where the cluster has none
   */
  record NodeObject(String name, @Nullable String zone) implements ClusterObject {}

  /**
   * A Service.
   *
   * @param addresses its cluster addresses; none for a headless one
   * @param external whether it is an ExternalName, which is a name in DNS and nothing else
   * @param local {@code internalTrafficPolicy: Local}
   * @param affinity of a client address to its endpoint, zero for none
   * @param ports its TCP ports
   */
  record ServiceObject(
      ServiceKey key,
      List<InetAddress> addresses,
      boolean external,
      boolean local,
      Duration affinity,
      List<Port> ports)
      implements ClusterObject {
    /** One TCP port; the name is empty where there is none. */
    record Port(int number, String name, @Nullable String appProtocol) {}
  }

  /**
   * A part of a Service's endpoints.
   *
   * @param ports the TCP ports that its endpoints listen on, by the name of the Service's port: a
   *     named targetPort may be another number in each slice
   */
  record SliceObject(
      ServiceKey service, IpFamily family, Map<String, Integer> ports, List<Place> places)
      implements ClusterObject {
    /**
     * An address that serves.
     *
     * @param forNodes hinted node names, empty for no such hint
     * @param forZones hinted zones, empty for no such hint
     */
    record Place(
        InetAddress address,
        @Nullable String podUid,
        @Nullable String node,
        @Nullable String zone,
        boolean ready,
        boolean serving,
        boolean terminating,
        List<String> forNodes,
        List<String> forZones) {}
  }

  /**
   * A pod.
   *
   * @param workload the Deployment, Job and so on that it is one of, or its own name
   * @param node null while it has none
   * @param phase null while it has none
   */
  record PodObject(
      String uid,
      String namespace,
      String name,
      String workload,
      String serviceAccount,
      @Nullable String node,
      @Nullable String phase,
      boolean hostNetwork,
      List<InetAddress> addresses,
      Map<String, String> labels,
      Exclusions exclusions,
      List<Probe> probes,
      PodBounds bounds)
      implements ClusterObject {}

  /** A route of Gateway API, of any kind. */
  record RouteObject(Written<RouteSpec> written) implements ClusterObject {}

  /** A {@code TrafficShift}. */
  record ShiftObject(Written<TrafficShiftSpec> written) implements ClusterObject {}

  /** A {@code TrafficPolicy}. */
  record PolicyObject(Written<TrafficPolicySpec> written) implements ClusterObject {}

  /** A {@code MeshSecurity}. */
  record SecurityObject(Written<MeshSecuritySpec> written) implements ClusterObject {}

  /** An {@code AccessPolicy}. */
  record AccessObject(Written<AccessPolicySpec> written) implements ClusterObject {}
}
