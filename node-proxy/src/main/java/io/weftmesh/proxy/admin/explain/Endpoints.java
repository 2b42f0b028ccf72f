package io.weftmesh.proxy.admin.explain;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.RequestHead;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.Balancer;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.http.ErrorReason;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodLabels;
import io.weftmesh.proxy.routing.Snapshot;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Says which backends a rule draws from, and which endpoints these have. */
final class Endpoints {
  private final Snapshot snapshot;
  private final Peers peers;
  private final PodLabels labels;
  private final Loads loads;
  private final Access access;
  private boolean answersInWords;

  Endpoints(Snapshot snapshot, Peers peers, PodLabels labels, Loads loads, Access access) {
    this.access = access;
    this.snapshot = snapshot;
    this.peers = peers;
    this.labels = labels;
    this.loads = loads;
  }

  /** A request as a backend gets it; null where no request is understood. */
  @FunctionalInterface
  interface Sent {
    @Nullable RequestHead to(WeightedBackend backend);
  }

  /** The backends with a share, each also told as a step; empty if no backend has a weight. */
  List<Outcome.Share> shares(RouteRule rule, ServiceDestination to, Sent sent, List<Step> steps) {
    long total = rule.backends().backends().stream().mapToLong(WeightedBackend::weight).sum();
    List<Outcome.Share> shares = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (WeightedBackend weighted : rule.backends().backends()) {
      double percent = total == 0 ? 0 : 100.0 * weighted.weight() / total;
      lines.add(
          String.format(
              Locale.ROOT,
              "%s weight %d of %d (%.1f %%)",
              weighted.backend(),
              weighted.weight(),
              total,
              percent));
      weighted.filters().forEach(filter -> lines.add("  with " + filter));
    }
    steps.add(
        new Step(
            "backends",
            total == 0
                ? "none has a weight above 0, which is answered with 500"
                : "one is drawn for each, in proportion to its weight",
            lines));
    for (WeightedBackend weighted : rule.backends().backends()) {
      if (weighted.weight() > 0) {
        shares.add(share(weighted, 100.0 * weighted.weight() / total, to, sent, steps));
      }
    }
    return shares;
  }

  private Outcome.Share share(
      WeightedBackend weighted,
      double percent,
      ServiceDestination to,
      Sent sent,
      List<Step> steps) {
    return switch (weighted.backend()) {
      case Backend.Unresolvable gone ->
          new Outcome.Share(
              gone.reference(),
              percent,
              Optional.of(ErrorReason.UNRESOLVABLE_BACKEND.word()),
              List.of());
      case Backend.Service service -> {
        EndpointSet set = snapshot.endpoints(service, to.family());
        steps.add(set.isEmpty() ? emptyStep(service, to.family()) : endpointStep(service, set));
        yield new Outcome.Share(
            service.toString(),
            percent,
            problem(set, sent.to(weighted), steps),
            set.ready().stream().map(endpoint -> text(endpoint.address())).toList());
      }
    };
  }

  /** What keeps a backend from being reached, which is a step too. */
  Optional<String> problem(EndpointSet set, @Nullable RequestHead request, List<Step> steps) {
    if (set.isEmpty()) {
      return Optional.of(ErrorReason.NO_ENDPOINT.word());
    }
    Access.Verdict verdict = access.decide(set.ready(), request, steps);
    answersInWords = access.answersInWords(verdict, request);
    return verdict == Access.Verdict.ADMITTED
        ? Optional.empty()
        : Optional.of(ErrorReason.DENIED.word());
  }

  /** Whether the caller that was denied last gets an answer, and not a reset. */
  boolean answersInWords() {
    return answersInWords;
  }

  private Step emptyStep(Backend.Service backend, IpFamily family) {
    EndpointSet all = snapshot.endpoints(backend.key(), family);
    if (!backend.isSubset() || all.isEmpty()) {
      return Step.of(
          "endpoints",
          backend + " has none that is ready: 503; look at its pods and their readiness");
    }
    return new Step(
        "endpoints",
        backend
            + " has none that is ready: 503; of those of "
            + backend.key()
            + " none has these labels",
        all.ready().stream().map(endpoint -> leftOut(endpoint, backend)).toList());
  }

  private String leftOut(Endpoint endpoint, Backend.Service subset) {
    String address = text(endpoint.address());
    Map<String, String> known = labels.of(endpoint.podUid(), endpoint.address().getAddress());
    if (known == null) {
      return address + " has labels that nobody has told: it is not in the mesh, or has just come";
    }
    StringBuilder line = new StringBuilder(address);
    String joint = " ";
    for (String key : new TreeSet<>(subset.labels().keySet())) {
      String value = known.get(key);
      line.append(joint).append(value == null ? "has no label " + key : "has " + key + "=" + value);
      joint = ", ";
    }
    return line.toString();
  }

  private Step endpointStep(Backend.Service backend, EndpointSet set) {
    List<Balancer.Load> known = loads.of(backend, set);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < set.ready().size(); i++) {
      Endpoint endpoint = set.ready().get(i);
      StringBuilder line = new StringBuilder(text(endpoint.address()));
      if (endpoint.node() != null) {
        line.append(" on ").append(endpoint.node());
      }
      line.append(", ").append(peers.connection(endpoint));
      if (i < known.size()) {
        line.append(", ").append(text(known.get(i)));
      }
      lines.add(line.toString());
    }
    return new Step(
        "endpoints",
        backend
            + " has "
            + set.ready().size()
            + "; chosen by "
            + snapshot.backendSettings(backend.service()).loadBalancing(),
        lines);
  }

  private static String text(Balancer.Load load) {
    String latency =
        load.latency().isZero()
            ? "nothing known of its speed"
            : String.format(
                Locale.ROOT, "answers in about %.1f ms", load.latency().toNanos() / 1e6);
    return load.inHand() + " in hand, " + latency + load.ejected().map(Endpoints::text).orElse("");
  }

  private static String text(Balancer.Ejected ejected) {
    return ", EJECTED ("
        + ejected.why()
        + "), "
        + (ejected.probing()
            ? "one request tries it now"
            : "for " + ejected.left().toMillis() + " ms more");
  }

  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
