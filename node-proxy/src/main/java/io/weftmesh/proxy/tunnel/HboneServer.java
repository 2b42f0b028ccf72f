package io.weftmesh.proxy.tunnel;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.identity.Identities;
import io.weftmesh.proxy.identity.TlsContexts;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the tunnels that peers open to the pods of this node. The listener that a connection was
 * accepted from decides which pod it is for, and so which certificate is shown; while there is none
 * yet, as just after a start, the peer waits. When trust changes all peers are told to come back,
 * anew.
 *
 * <p>Thread-safe.
 */
public final class HboneServer {
  private static final Logger log = LoggerFactory.getLogger(HboneServer.class);

  private final Identities identities;
  private final TlsContexts tls;
  private final InboundStreams inbound;
  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final InstantSource clock;
  private final Set<Accepted> accepted = ConcurrentHashMap.newKeySet();
  private volatile @Nullable CompletableFuture<Void> drained;

  public HboneServer(
      Identities identities,
      TlsContexts tls,
      InboundStreams inbound,
      TunnelSettings settings,
      TunnelMetrics metrics,
      InstantSource clock) {
    this.identities = identities;
    this.tls = tls;
    this.inbound = inbound;
    this.settings = settings;
    this.metrics = metrics.server();
    this.clock = clock;
    tls.onChange(
        new TlsContexts.Listener() {
          @Override
          public void renewed(SpiffeId own) {
            // What was proved with the certificate before stays proved until that one ends.
          }

          @Override
          public void trustChanged() {
            drain(connection -> true);
          }
        });
  }

  /** For the connections accepted from the pod's port 15008. Sharable. */
  public ChannelHandler initializer(LocalPod pod) {
    return new Initializer(pod);
  }

  /**
   * Tells the peers of a pod that is being released to open no more streams; what is open goes on.
   */
  public void drain(LocalPod pod) {
    drain(connection -> connection.pod.equals(pod));
  }

  /**
   * The end of this process is near: every peer is told, and what is open is finished.
   *
   * @return completes, on any thread, when the last connection is closed
   */
  public CompletableFuture<Void> drain() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    drained = done;
    drain(connection -> true);
    completeIfDrained();
    return done;
  }

  private void drain(Predicate<Accepted> which) {
    for (Accepted connection : accepted) {
      if (which.test(connection)) {
        connection.channel.eventLoop().execute(connection::drain);
      }
    }
  }

  private void completeIfDrained() {
    CompletableFuture<Void> done = drained;
    if (done != null && accepted.isEmpty()) {
      done.complete(null);
    }
  }

  @ChannelHandler.Sharable
  private final class Initializer extends ChannelInitializer<Channel> {
    private final LocalPod pod;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger handshakes = new AtomicInteger();

    Initializer(LocalPod pod) {
      this.pod = pod;
    }

    @Override
    protected void initChannel(Channel channel) {
      open.incrementAndGet();
      handshakes.incrementAndGet();
      Accepted connection = new Accepted(channel, pod, handshakes);
      accepted.add(connection);
      channel
          .closeFuture()
          .addListener(closed -> {
            open.decrementAndGet();
            accepted.remove(connection);
            completeIfDrained();
          });
      if (open.get() > settings.maxAccepted() || handshakes.get() > settings.maxHandshakes()) {
        refuse(connection, "overloaded");
        return;
      }
      TunnelChannels.configure(channel);
      Optional<SslHandler> handler = tls.server(pod.identity(), channel.alloc());
      if (handler.isPresent()) {
        secure(connection, handler.get());
      } else {
        channel.pipeline().addLast(new IdentityAwaited(this, connection));
      }
    }

    private void secure(Accepted connection, SslHandler handler) {
      handler.setHandshakeTimeoutMillis(settings.acceptedHandshakeTimeout().toMillis());
      connection.channel.pipeline().addLast(handler, new TlsOutcome(connection));
    }

    private void refuse(Accepted connection, String reason) {
      handshakes.decrementAndGet();
      metrics.failed(reason);
      connection.channel.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log.warn("a tunnel to {} could not be set up", pod.workload().name(), cause);
      ctx.close();
    }
  }

  /** Reads nothing until the pod has a certificate to show. */
  private final class IdentityAwaited extends ChannelOutboundHandlerAdapter {
    private final Initializer initializer;
    private final Accepted connection;
    private final CompletableFuture<Void> ready;
    private @Nullable Future<?> timeout;
    private boolean wantsToRead;
    private boolean over;

    IdentityAwaited(Initializer initializer, Accepted connection) {
      this.initializer = initializer;
      this.connection = connection;
      this.ready = identities.ready(connection.pod.identity());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      timeout =
          ctx.executor()
              .schedule(() -> goOn(ctx), settings.identityWait().toMillis(), TimeUnit.MILLISECONDS);
      ready.whenComplete((done, failure) -> ctx.executor().execute(() -> goOn(ctx)));
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
      wantsToRead = true;
    }

    private void goOn(ChannelHandlerContext ctx) {
      if (over) {
        return;
      }
      end();
      Optional<SslHandler> handler = tls.server(connection.pod.identity(), ctx.alloc());
      if (handler.isEmpty()) {
        initializer.refuse(connection, "no_identity");
        return;
      }
      Channel channel = ctx.channel();
      ctx.pipeline().remove(this);
      initializer.secure(connection, handler.get());
      if (wantsToRead) {
        channel.read();
      }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      if (!over) {
        end();
        connection.handshakes.decrementAndGet();
      }
    }

    private void end() {
      over = true;
      ready.cancel(false);
      if (timeout != null) {
        timeout.cancel(false);
      }
    }
  }

  /** One connection, from its acceptance to its end. Confined to its loop, but for the fields. */
  private final class Accepted implements TlsOutcome.Receiver {
    private final Channel channel;
    private final LocalPod pod;
    private final AtomicInteger handshakes;
    private @Nullable ServerTunnel tunnel;

    Accepted(Channel channel, LocalPod pod, AtomicInteger handshakes) {
      this.channel = channel;
      this.pod = pod;
      this.handshakes = handshakes;
    }

    @Override
    public void onEstablished(ChannelHandlerContext ctx, SslHandler handler) throws SSLException {
      SpiffeId peer = TlsContexts.peer(handler);
      Instant end = TunnelChannels.certificatesEnd(handler);
      handshakes.decrementAndGet();
      Http2FrameCodec codec = HboneCodec.server(settings.maxStreams());
      ServerTunnel established =
          new ServerTunnel(
              codec,
              settings,
              metrics,
              inbound,
              pod,
              peer,
              (InetSocketAddress) channel.remoteAddress());
      tunnel = established;
      ctx.pipeline().addLast(new TurnFlush(), codec, established);
      TunnelChannels.at(ctx, clock, end, this::drain);
      if (drained != null) {
        drain();
      }
    }

    @Override
    public void onFailed(Throwable cause) {
      handshakes.decrementAndGet();
      metrics.failed(TlsOutcome.reason(cause));
      log.debug("{} to {}: no TLS", channel, pod.workload().name(), cause);
    }

    private void drain() {
      if (tunnel != null) {
        tunnel.drain();
      }
    }
  }
}
