package io.weftmesh.proxy.main;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.Balancers;
import io.weftmesh.proxy.balance.ServiceControls;
import io.weftmesh.proxy.balance.ServiceLimits.InUse;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.SnapshotHolder;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.telemetry.Metrics;
import io.weftmesh.proxy.telemetry.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How the Services stand that this node's pods call: endpoints and limits. Everything is asked for
 * at the scrape, of what requests count anyway; a series goes with its Service or client pod.
 *
 * <p>There are at most as many as Services that were called since the start, and of limits for each
 * client pod as many as limited Services times the node's pods.
 */
final class ServiceMetrics {
  private static final List<String> LIMIT_LABELS = List.of("service", "limit", "client_pod");

  private final SnapshotHolder snapshots;
  private final Balancers<Backend.Service> balancers;
  private final ServiceControls<ServiceKey> controls;

  private ServiceMetrics(
      SnapshotHolder snapshots,
      Balancers<Backend.Service> balancers,
      ServiceControls<ServiceKey> controls) {
    this.snapshots = snapshots;
    this.balancers = balancers;
    this.controls = controls;
  }

  static void register(
      Metrics metrics,
      SnapshotHolder snapshots,
      Balancers<Backend.Service> balancers,
      ServiceControls<ServiceKey> controls) {
    var services = new ServiceMetrics(snapshots, balancers, controls);
    metrics.gauges(
        "weft_endpoints",
        "Ready endpoints of a backend, as of the last request to it.",
        List.of("backend"),
        () -> services.endpoints(Balancer.Census::endpoints));
    metrics.gauges(
        "weft_endpoints_ejected",
        "Of these, those that are left out because they failed.",
        List.of("backend"),
        () -> services.endpoints(Balancer.Census::ejected));
    metrics.gauges(
        "weft_limit_in_use",
        "What is in use of what a TrafficPolicy limits: of all pods of the node together, or of"
            + " client_pod.",
        LIMIT_LABELS,
        () -> services.limits(InUse::count));
    metrics.gauges(
        "weft_limit_max",
        "How much there may be in use, for each weft_limit_in_use.",
        LIMIT_LABELS,
        () -> services.limits(InUse::max));
  }

  private List<Reading> endpoints(ToDoubleFunction<Balancer.Census> what) {
    List<Reading> readings = new ArrayList<>();
    balancers
        .known()
        .forEach((backend, balancer) ->
            readings.add(
                new Reading(List.of(backend.toString()), what.applyAsDouble(balancer.census()))));
    return readings;
  }

  private List<Reading> limits(ToDoubleFunction<InUse> what) {
    Snapshot snapshot = snapshots.get();
    List<Reading> readings = new ArrayList<>();
    controls
        .limits()
        .forEach((service, limits) -> {
          for (InUse inUse : limits.inUse(snapshot.backendSettings(service))) {
            readings.add(
                new Reading(
                    List.of(service.toString(), inUse.use().label(), client(snapshot, inUse)),
                    what.applyAsDouble(inUse)));
          }
        });
    return readings;
  }

  /** {@code namespace/pod}, or nothing where the limit is that of all. */
  private static String client(Snapshot snapshot, InUse inUse) {
    if (inUse.clientPod().isEmpty()) {
      return "";
    }
    String uid = inUse.clientPod().get();
    Workload pod = snapshot.localPod(uid);
    return pod == null ? uid : pod.namespace() + "/" + pod.name();
  }
}
