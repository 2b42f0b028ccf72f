package io.weftmesh.proxy.capture;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import io.weftmesh.policy.model.Backend;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.policy.model.RouteRule;
import io.weftmesh.policy.model.RouteTable;
import io.weftmesh.policy.model.WeightedBackend;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.balance.EndpointSet;
import io.weftmesh.proxy.balance.Pick;
import io.weftmesh.proxy.balance.ServiceLimits.Admission;
import io.weftmesh.proxy.balance.ServiceLimits.Place;
import io.weftmesh.proxy.balance.ServiceLimits.Use;
import io.weftmesh.proxy.balance.Sticky;
import io.weftmesh.proxy.balance.Tried;
import io.weftmesh.proxy.http.ClientPod;
import io.weftmesh.proxy.http.OutboundContext;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.routing.Destination.OutsideDestination;
import io.weftmesh.proxy.routing.Destination.PodDestination;
import io.weftmesh.proxy.routing.Destination.ServiceDestination;
import io.weftmesh.proxy.routing.Destination.UnservedPort;
import io.weftmesh.proxy.routing.ServicePort;
import io.weftmesh.proxy.routing.Snapshot;
import io.weftmesh.proxy.routing.Stickiness;
import io.weftmesh.proxy.tcp.Detector;
import io.weftmesh.proxy.tcp.Protocol;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tcp.ServerNameReader;
import io.weftmesh.proxy.tunnel.Unreachable;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that an application of a captured pod has opened, from its acceptance until HTTP or
 * a relay has taken it over:
 *
 * <ol>
 *   <li>What was it opened to? The snapshot knows Services and pods by address.
 *   <li>What does the client speak? The Service's port may declare it; else the first bytes tell,
 *       and on a port declared as any version of HTTP they tell which. A client that stays silent
 *       may wait for the server to speak, so the upstream connection is opened for it; when HTTP
 *       comes after all, that connection is the first of the pool.
 *   <li>HTTP is routed request by request, in the http room. Everything else is one draw of a
 *       backend (by the server name that a TLS client asks for, where routes want to know it), one
 *       endpoint by load, another one if that can't be reached, and a relay.
 * </ol>
 *
 * <p>Confined to the connection's event loop.
 */
final class OutboundConnection implements Detector.Listener {
  private static final Logger log = LoggerFactory.getLogger(OutboundConnection.class);

  /** A client that is told after so many endpoints can do better than wait for more. */
  private static final int MOST_ENDPOINTS = 5;

  /** How long a silent client may still turn out to speak HTTP when nobody answered for it. */
  private static final Duration LAST_CHANCE = Duration.ofSeconds(1);

  private final OutboundConnections shared;
  private final OutboundConnections.Client client;
  private final SocketChannel accepted;
  private final InetSocketAddress original;
  private final Destination destination;
  private final String service;
  private @Nullable Detector detector;
  private @Nullable Protocol protocol;

  /** Whom a TLS client wants, once that was asked; empty if it names nobody. */
  private @Nullable String serverName;

  /** An attempt that was begun while the client was silent, until it has ended. */
  private @Nullable Attempt earlyAttempt;

  /** What came of it, until somebody takes it. */
  private @Nullable EarlyUpstream early;

  OutboundConnection(
      OutboundConnections shared,
      OutboundConnections.Client client,
      SocketChannel accepted,
      InetSocketAddress original) {
    this.shared = shared;
    this.client = client;
    this.accepted = accepted;
    this.original = original;
    this.destination = shared.snapshot().destination(original.getAddress(), original.getPort());
    this.service =
        switch (destination) {
          case ServiceDestination to -> to.port().key().toString();
          case UnservedPort to -> to.service().toString();
          case PodDestination to -> "pod";
          case OutsideDestination to -> "outside";
        };
  }

  void start() {
    switch (destination) {
      case UnservedPort refused -> fail("no_such_port");
      case PodDestination pod -> detect(true);
      case OutsideDestination outside -> detect(true);
      case ServiceDestination to -> start(to.port(), routes(to));
    }
  }

  private void start(ServicePort port, RouteTable routes) {
    if (routes.isOpaque()) {
      connect();
      return;
    }
    switch (port.declared()) {
      case HTTP, HTTP2, GRPC -> detect(false);
      case AUTO -> detect(!routes.expectsHttp());
      case TLS, TCP -> {
        if (routes.asksServerName()) {
          detect(true);
        } else {
          connect();
        }
      }
    }
  }

  @Override
  public void detected(Protocol first) {
    Protocol detected = asDeclared(first);
    protocol = detected;
    if (isHttp(detected)) {
      offerEarly();
      installHttp(detected);
    } else if (detected == Protocol.TLS
        && destination instanceof ServiceDestination to
        && routes(to).asksServerName()) {
      dropEarly();
      readServerName();
    } else if (early != null) {
      EarlyUpstream opened = early;
      early = null;
      opened.take();
      relay(opened);
    } else if (earlyAttempt == null) {
      connect();
    }
  }

  @Override
  public void silent() {
    Attempt attempt = new Attempt(this::openedEarly);
    earlyAttempt = attempt;
    attempt.next();
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    dropEarly();
  }

  /** What was opened for a silent client is of no use to what it turned out to be. */
  private void dropEarly() {
    if (earlyAttempt != null) {
      earlyAttempt.cancel();
      earlyAttempt = null;
    }
    if (early != null) {
      early.close();
      early = null;
    }
  }

  private void readServerName() {
    accepted
        .pipeline()
        .addLast(
            new ServerNameReader(
                new ServerNameReader.Listener() {
                  @Override
                  public void named(String name) {
                    serverName = name;
                    connect();
                  }

                  @Override
                  public void gone(@Nullable Throwable cause) {
                    OutboundConnection.this.gone(cause);
                  }
                }));
    accepted.config().setAutoRead(true);
  }

  private RouteTable routes(ServiceDestination to) {
    return shared.snapshot().routes(to.port(), client.namespace());
  }

  private void connect() {
    new Attempt(this::relay).next();
  }

  private void detect(boolean serverMaySpeakFirst) {
    detector = new Detector(this, serverMaySpeakFirst);
    accepted.pipeline().addLast(detector);
    accepted.config().setAutoRead(true);
  }

  /**
   * What the first bytes mean beside what the port declares. What speaks neither version of HTTP on
   * a port of it gets HTTP/1's answer to what it can't read; on a port of bytes, HTTP is bytes.
   */
  private Protocol asDeclared(Protocol first) {
    return destination instanceof ServiceDestination to
        ? switch (to.port().declared()) {
          case HTTP, HTTP2, GRPC -> first == Protocol.HTTP2 ? first : Protocol.HTTP1;
          case TLS, TCP -> isHttp(first) ? Protocol.OPAQUE : first;
          case AUTO -> first;
        }
        : first;
  }

  private static boolean isHttp(@Nullable Protocol detected) {
    return detected == Protocol.HTTP1 || detected == Protocol.HTTP2;
  }

  private void installHttp(Protocol version) {
    var context = new OutboundContext(client.http(), destination, original);
    if (version == Protocol.HTTP2) {
      shared.http().installHttp2(accepted, context);
    } else {
      shared.http().install(accepted, context);
    }
  }

  private void openedEarly(EarlyUpstream opened) {
    earlyAttempt = null;
    early = opened;
    if (isHttp(protocol)) {
      offerEarly();
    } else if (protocol != null) {
      early = null;
      relay(opened);
    } else {
      opened.listen();
    }
  }

  /** HTTP came after all: the connection is the first of the pool if it is still unused. */
  private void offerEarly() {
    EarlyUpstream opened = early;
    early = null;
    if (opened == null) {
      return;
    }
    Claim claim = opened.claim();
    if (opened.isUnused() && claim != null) {
      opened.take();
      claim.pick().close();
      var offer =
          new ClientPod.Offer(
              opened.endpoint(),
              claim.service(),
              shared.controls().limits(claim.service()).connections(),
              claim.place());
      if (protocol == Protocol.HTTP2) {
        client.http().offerHttp2(offer, opened.upstream());
      } else {
        client.http().offer(offer, opened.upstream());
      }
    } else {
      opened.close();
    }
  }

  private void serverSpoke() {
    if (detector != null) {
      detector.settle(Protocol.OPAQUE);
    }
  }

  private void relay(EarlyUpstream opened) {
    Upstream upstream = opened.upstream();
    TcpMetrics.Flow flow =
        shared
            .metrics()
            .flow(
                TcpMetrics.Direction.OUTBOUND,
                client.label(),
                service,
                opened.backend(),
                upstream.security());
    flow.opened();
    Claim claim = opened.claim();
    Relay.start(
        accepted,
        upstream.channel(),
        flow.sent(),
        flow.received(),
        idleTimeout(),
        end -> {
          flow.closed(end);
          if (claim != null) {
            claim.close();
          }
        });
  }

  private @Nullable Duration idleTimeout() {
    if (destination instanceof ServiceDestination to) {
      Duration timeout = shared.snapshot().backendSettings(to.port().service()).idleTimeout();
      return timeout.isZero() ? null : timeout;
    }
    return null;
  }

  /** Lets the client know at once: a reset, as it would get from a port that nobody listens on. */
  private void fail(String reason) {
    shared.metrics().failed(TcpMetrics.Direction.OUTBOUND, client.label(), service, reason);
    Relay.reset(accepted);
  }

  /** Takes what an attempt has opened. */
  private interface Taker {
    void opened(EarlyUpstream upstream);
  }

  /** The search for an endpoint that can be reached. */
  private final class Attempt {
    private final Taker taker;
    private final EventLoop loop = accepted.eventLoop();
    private final Tried tried = new Tried();
    private int count;
    private boolean drawn;
    private boolean cancelled;
    private Backend.@Nullable Service backend;
    private @Nullable Future<Upstream> connecting;

    Attempt(Taker taker) {
      this.taker = taker;
    }

    void cancel() {
      cancelled = true;
      if (connecting != null) {
        connecting.cancel(false);
      }
    }

    void next() {
      if (destination instanceof ServiceDestination to) {
        nextEndpoint(to);
      } else {
        connect(null, Endpoint.of(original), "", BackendSettings.DEFAULT.connectTimeout());
      }
    }

    private void nextEndpoint(ServiceDestination to) {
      Snapshot snapshot = shared.snapshot();
      if (!drawn) {
        drawn = true;
        RouteTable routes = routes(to);
        RouteRule rule = serverName == null ? routes.connection() : routes.tls(serverName);
        if (rule == null) {
          giveUp("no_route", null);
          return;
        }
        WeightedBackend next = rule.backends().next();
        if (next != null && next.backend() instanceof Backend.Service service) {
          backend = service;
        }
      }
      if (backend == null) {
        giveUp("unresolvable_backend", null);
        return;
      }
      EndpointSet endpoints = snapshot.endpoints(backend, to.family());
      BackendSettings settings = snapshot.backendSettings(backend.service());
      Sticky sticky =
          Stickiness.of(
              snapshot.servicePort(backend.key()),
              settings,
              null,
              client.http().address(to.family()));
      Pick pick =
          shared.balancer(backend, settings).pick(endpoints, count == 0 ? null : tried, sticky);
      if (pick == null) {
        giveUp("no_endpoint", null);
        return;
      }
      Admission room =
          shared
              .controls()
              .limits(backend.service())
              .acquire(Use.CONNECTION, settings, client.http().uid());
      if (!(room instanceof Place place)) {
        pick.untried();
        pick.close();
        giveUp("limit_reached", null);
        return;
      }
      count++;
      tried.add(pick.endpoint());
      connect(
          new Claim(pick, backend.service(), place),
          pick.endpoint(),
          backend.toString(),
          settings.connectTimeout());
    }

    private void connect(
        @Nullable Claim claim, Endpoint endpoint, String backendLabel, Duration timeout) {
      Future<Upstream> attempt = client.dialer().connect(loop, endpoint, timeout);
      connecting = attempt;
      attempt.addListener((Future<Upstream> done) -> {
        connecting = null;
        if (done.isSuccess()) {
          if (claim != null) {
            claim.pick().answered();
          }
          var opened =
              new EarlyUpstream(
                  done.getNow(),
                  endpoint,
                  backendLabel,
                  claim,
                  OutboundConnection.this::serverSpoke);
          if (accepted.isActive() && !cancelled) {
            taker.opened(opened);
          } else {
            opened.close();
          }
          return;
        }
        if (claim != null) {
          if (!done.isCancelled()
              && (!(done.cause() instanceof Unreachable cause)
                  || cause.reason().isOfTheEndpoint())) {
            claim.pick().unreachable();
          } else {
            claim.pick().untried();
          }
          claim.close();
        }
        failed(done.cause());
      });
    }

    private void failed(Throwable cause) {
      if (cancelled) {
        return;
      }
      boolean another =
          destination instanceof ServiceDestination
              && count < MOST_ENDPOINTS
              && count < endpointCount()
              && accepted.isActive();
      if (another) {
        next();
      } else {
        giveUp(
            cause instanceof Unreachable unreachable
                ? unreachable.reason().name().toLowerCase(Locale.ROOT)
                : "unreachable",
            cause);
      }
    }

    private int endpointCount() {
      return backend != null && destination instanceof ServiceDestination to
          ? shared.snapshot().endpoints(backend, to.family()).ready().size()
          : 0;
    }

    private void giveUp(String reason, @Nullable Throwable cause) {
      if (log.isDebugEnabled()) {
        log.debug("{} to {}: {}", client.label(), original, reason, cause);
      }
      if (earlyAttempt == this) {
        earlyAttempt = null;
        if (isHttp(protocol)) {
          return;
        }
        if (protocol == null) {
          // Nobody will speak first; but HTTP that comes now gets its error as an answer.
          loop.schedule(
              () -> {
                if (protocol == null) {
                  fail(reason);
                }
              },
              LAST_CHANCE.toMillis(),
              TimeUnit.MILLISECONDS);
          return;
        }
      }
      fail(reason);
    }
  }
}
