package io.weftmesh.proxy.cluster;

import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.ServicePortKey;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.cluster.ClusterObject.ServiceObject;
import io.weftmesh.proxy.cluster.ClusterObject.SliceObject;
import io.weftmesh.proxy.cluster.ClusterObject.SliceObject.Place;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.PodLabels;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoints a Service's port has for the pods of this node, by the rules of {@code
 * discovery.k8s.io/v1}:
 *
 * <ol>
 *   <li>An endpoint may stand in two slices for a moment; it counts once, and is ready if one of
 *       them says so.
 *   <li>{@code internalTrafficPolicy: Local} leaves the endpoints of this node alone.
 *   <li>Those that are ready; if none is, those that still serve while they terminate. Never one
 *       that does not serve.
 *   <li>If every endpoint that is left is hinted for nodes, and one for this node, those for this
 *       node; else the same with zones. Hints that not all have are not followed at all.
 * </ol>
 *
 * <p>Of a subset the same holds among its own pods, as if it were a Service of its own. A pod whose
 * labels nobody has told belongs to none.
 *
 * <p>A set that comes out like the one before is the one before: balancers go by identity. Not
 * thread-safe.
 */
final class EndpointSets {
  private final String node;
  private @Nullable String zone;
  private Map<Key, Known> before = Map.of();
  private Map<Key, Known> now = new HashMap<>();

  EndpointSets(String node) {
    this.node = node;
  }

  /**
   * Begins another snapshot: what is not asked for until the next call is forgotten.
   *
   * @param ownZone of the node; null where there are none
   */
  void begin(@Nullable String ownZone) {
    before = Objects.equals(zone, ownZone) ? now : Map.of();
    zone = ownZone;
    now = new HashMap<>();
  }

  EndpointSet of(
      ServiceObject service, ServiceObject.Port port, IpFamily family, List<SliceObject> slices) {
    Key key = new Key(new ServicePortKey(service.key(), port.number()), Map.of(), family);
    Known known = before.get(key);
    Known current =
        known != null && known.service.equals(service) && known.slices.equals(slices)
            ? known
            : new Known(service, slices, set(service, candidates(port, family, slices), known));
    now.put(key, current);
    return current.set;
  }

  EndpointSet of(
      Backend.Service subset,
      ServiceObject service,
      ServiceObject.Port port,
      IpFamily family,
      List<SliceObject> slices,
      PodLabels labels) {
    Key key = new Key(subset.key(), subset.labels(), family);
    List<Candidate> own =
        filter(
            candidates(port, family, slices),
            place -> {
              Map<String, String> known = labels.of(place.podUid(), place.address());
              return known != null && subset.admits(known);
            });
    Known current = new Known(service, slices, set(service, own, before.get(key)));
    now.put(key, current);
    return current.set;
  }

  private EndpointSet set(
      ServiceObject service, List<Candidate> candidates, @Nullable Known known) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (Candidate candidate : select(service, candidates)) {
      Place place = candidate.place;
      endpoints.add(new Endpoint(candidate.address, place.podUid(), place.node(), place.zone()));
    }
    return known != null && known.set.ready().equals(endpoints)
        ? known.set
        : EndpointSet.of(endpoints);
  }

  /** A set and what it was made of: most Services do not change from one snapshot to the next. */
  private record Known(ServiceObject service, List<SliceObject> slices, EndpointSet set) {}

  private record Key(ServicePortKey port, Map<String, String> labels, IpFamily family) {}

  private record Candidate(Place place, InetSocketAddress address) {}

  private static List<Candidate> candidates(
      ServiceObject.Port port, IpFamily family, List<SliceObject> slices) {
    Map<InetSocketAddress, Candidate> byAddress = new LinkedHashMap<>();
    for (SliceObject slice : slices) {
      Integer number = slice.ports().get(port.name());
      if (number == null || slice.family() != family) {
        continue;
      }
      for (Place place : slice.places()) {
        InetSocketAddress address = new InetSocketAddress(place.address(), number);
        byAddress.merge(
            address,
            new Candidate(place, address),
            (first, second) -> second.place.ready() && !first.place.ready() ? second : first);
      }
    }
    return new ArrayList<>(byAddress.values());
  }

  private List<Candidate> select(ServiceObject service, List<Candidate> all) {
    List<Candidate> here = service.local() ? filter(all, place -> node.equals(place.node())) : all;
    List<Candidate> ready = filter(here, place -> place.ready());
    List<Candidate> usable =
        ready.isEmpty() ? filter(here, place -> place.serving() && place.terminating()) : ready;
    List<Candidate> forNode = hinted(usable, Place::forNodes, node);
    if (!forNode.isEmpty()) {
      return forNode;
    }
    List<Candidate> forZone = zone == null ? List.of() : hinted(usable, Place::forZones, zone);
    return forZone.isEmpty() ? usable : forZone;
  }

  private static List<Candidate> hinted(
      List<Candidate> all, Function<Place, List<String>> hints, String own) {
    for (Candidate candidate : all) {
      if (hints.apply(candidate.place).isEmpty()) {
        return List.of();
      }
    }
    return filter(all, place -> hints.apply(place).contains(own));
  }

  private static List<Candidate> filter(List<Candidate> all, Predicate<Place> wanted) {
    List<Candidate> kept = new ArrayList<>(all.size());
    for (Candidate candidate : all) {
      if (wanted.test(candidate.place)) {
        kept.add(candidate);
      }
    }
    return kept;
  }
}
