package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.policy.model.ServiceKey;
import io.weftmesh.proxy.balance.ConnectionPlaces;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.Limit;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.routing.IpFamily;
import io.weftmesh.proxy.routing.Workload;
import io.weftmesh.proxy.tunnel.Caller;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A captured pod as a client: its way out, its pools and its bounds. One for as long as the pod is
 * captured. Of a caller elsewhere, that has connected to a pod of this node, there is one for each
 * connection. Thread-safe.
 */
public final class ClientPod implements AutoCloseable {
  private final Who who;
  private final Dialer dialer;
  private final BooleanSupplier leaving;
  private final HttpSettings settings;
  private final HttpMetrics metrics;
  private final Limit upstreams;
  private final Map<EventLoop, UpstreamPool> pools = new ConcurrentHashMap<>();
  private final Map<EventLoop, UpstreamSessions> sessions = new ConcurrentHashMap<>();
  private final Set<ClientSession> clients = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  ClientPod(
      Who who, Dialer dialer, BooleanSupplier leaving, HttpSettings settings, HttpMetrics metrics) {
    this.who = who;
    this.dialer = dialer;
    this.leaving = leaving;
    this.settings = settings;
    this.metrics = metrics;
    this.upstreams = new Limit(settings.maxUpstreamsPerPod());
  }

  /**
   * Takes over a connection that was opened before it was known that the client speaks HTTP/1.
   *
   * @param upstream connected and unused, with auto-read off, on the loop that calls
   */
  public void offer(Offer offer, Upstream upstream) {
    UpstreamPool pool = pool(upstream.channel().eventLoop());
    if (offer.isUncounted()) {
      pool.offer(upstream, offer.endpoint(), offer.place());
    } else {
      pool.limited(offer.service(), offer.places())
          .offer(upstream, offer.endpoint(), offer.place());
    }
  }

  /** The same, for a client that turned out to speak HTTP/2. */
  public void offerHttp2(Offer offer, Upstream upstream) {
    UpstreamSessions all = sessions(upstream.channel().eventLoop());
    UpstreamSessions to = offer.isUncounted() ? all : all.limited(offer.service(), offer.places());
    to.offer(upstream, offer.endpoint(), offer.place());
  }

  /**
   * Where a connection leads that is offered.
   *
   * @param places of the Service
   * @param place of the connection among them, taken over
   */
  public record Offer(Endpoint endpoint, ServiceKey service, ConnectionPlaces places, Place place) {
    private boolean isUncounted() {
      return place == Place.UNCOUNTED;
    }
  }

  /** Upstream connections that are open, for HTTP. */
  public int upstreams() {
    return upstreams.held();
  }

  /**
   * The pod begins to leave: unused connections are closed, and clients of HTTP/2 are told to go on
   * elsewhere, which those of HTTP/1 hear with their next answer.
   */
  public void leave() {
    pools.forEach((loop, pool) -> loop.execute(pool::closeIdle));
    sessions.forEach((loop, upstream) -> loop.execute(upstream::closeIdle));
    clients.forEach(client -> client.channel().eventLoop().execute(client::leave));
  }

  /** Unused connections are closed; those in use end with their request. */
  @Override
  public void close() {
    closed = true;
    pools.forEach((loop, pool) -> loop.execute(pool::close));
    sessions.forEach((loop, upstream) -> loop.execute(upstream::close));
  }

  /** {@code namespace/workload}, as metrics have it. */
  String label() {
    return who.label;
  }

  boolean isLeaving() {
    return leaving.getAsBoolean();
  }

  /** Its address of a family, or its only one. */
  public InetAddress address(IpFamily family) {
    for (InetAddress address : who.addresses) {
      if (IpFamily.of(address) == family) {
        return address;
      }
    }
    return who.addresses.getFirst();
  }

  /** What faults, limits and rates know it by. */
  public String uid() {
    return who.uid;
  }

  /** {@code namespace/service account}: what its certificate says of it. */
  String identity() {
    return who.identity;
  }

  String namespace() {
    return who.namespace;
  }

  UpstreamPool pool(EventLoop loop) {
    UpstreamPool pool = pools.get(loop);
    if (pool == null) {
      pool = new UpstreamPool(terms(loop), settings.poolIdleTimeout().toNanos(), leaving, null);
      pools.put(loop, pool);
    }
    if (closed) {
      pool.close();
    }
    return pool;
  }

  /** A pool of one client connection alone. */
  UpstreamPool ownPool(EventLoop loop, @Nullable Runnable onLost) {
    return new UpstreamPool(terms(loop), Deadline.NONE, () -> false, onLost);
  }

  UpstreamSessions sessions(EventLoop loop) {
    UpstreamSessions known = sessions.get(loop);
    if (known == null) {
      known = new UpstreamSessions(terms(loop), leaving, null);
      sessions.put(loop, known);
    }
    if (closed) {
      known.close();
    }
    return known;
  }

  /** Those of one client connection alone. */
  UpstreamSessions ownSessions(EventLoop loop, Runnable onLost) {
    return new UpstreamSessions(terms(loop), () -> false, onLost);
  }

  private PoolTerms terms(EventLoop loop) {
    return new PoolTerms(loop, who.uid, dialer, upstreams, settings, metrics);
  }

  /** A client's connection of HTTP/2 is there, until {@link #closed}. */
  void opened(ClientSession client) {
    clients.add(client);
  }

  void closed(ClientSession client) {
    clients.remove(client);
  }

  /**
   * Whom the connections are made for.
   *
   * @param label as metrics have it
   * @param uid empty where it is not known
   * @param identity {@code namespace/service account}; empty where there is none
   */
  record Who(
      String label, String uid, String namespace, String identity, List<InetAddress> addresses) {
    static Who of(Workload pod) {
      return new Who(
          pod.namespace() + "/" + pod.workload(),
          pod.uid(),
          pod.namespace(),
          pod.namespace() + "/" + pod.serviceAccount(),
          pod.addresses());
    }

    static Who of(Caller caller) {
      SpiffeId id = caller.identity();
      return new Who(
          caller.label(),
          "",
          id == null ? "" : id.namespace().orElse(""),
          caller.label(),
          List.of(caller.address().getAddress()));
    }
  }
}
