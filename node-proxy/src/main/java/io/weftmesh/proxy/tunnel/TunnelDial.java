package io.weftmesh.proxy.tunnel;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.identity.TlsContexts;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;

/** One attempt to open a tunnel: TCP from the client pod, then TLS. Confined to one event loop. */
final class TunnelDial implements TlsOutcome.Receiver {
  /** Told exactly once. */
  interface Receiver extends ClientTunnel.Owner {
    void onEstablished(ClientTunnel tunnel);

    void onFailed(Unreachable cause);
  }

  private final TunnelKey key;
  private final TlsContexts tls;
  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final InstantSource clock;
  private final Receiver receiver;
  private final InetSocketAddress remote;
  private boolean timedOut;

  TunnelDial(
      TunnelKey key,
      TlsContexts tls,
      TunnelSettings settings,
      TunnelMetrics.Side metrics,
      InstantSource clock,
      Receiver receiver) {
    this.key = key;
    this.tls = tls;
    this.settings = settings;
    this.metrics = metrics;
    this.clock = clock;
    this.receiver = receiver;
    this.remote = new InetSocketAddress(key.address(), OwnPorts.HBONE);
  }

  void start(EventLoop loop, LocalPod client) {
    Future<DuplexChannel> connecting = client.connect(loop, remote, null);
    var timeout =
        loop.schedule(
            () -> onTimeout(connecting),
            settings.connectTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    connecting.addListener(done -> {
      timeout.cancel(false);
      onConnected(connecting);
    });
  }

  private void onTimeout(Future<DuplexChannel> connecting) {
    if (connecting.isDone()) {
      return;
    }
    timedOut = true;
    connecting.cancel(false);
    fail(
        "connect_timeout",
        Unreachable.unanswered(
            Unreachable.Reason.TIMED_OUT,
            remote
                + " did not answer within "
                + settings.connectTimeout()
                + "; a NetworkPolicy may forbid port "
                + OwnPorts.HBONE,
            new SocketTimeoutException("connect timed out")));
  }

  private void onConnected(Future<DuplexChannel> connecting) {
    if (timedOut) {
      if (connecting.isSuccess()) {
        connecting.getNow().close();
      }
      return;
    }
    if (!connecting.isSuccess()) {
      failConnect(connecting.cause());
      return;
    }
    Channel channel = connecting.getNow();
    TunnelChannels.configure(channel);
    // Only now: a certificate may have been renewed in the meantime.
    Optional<SslHandler> own = tls.client(key.client(), key.server(), channel.alloc());
    if (own.isEmpty()) {
      channel.close();
      fail(
          "no_identity",
          new Unreachable(
              Unreachable.Reason.NO_IDENTITY,
              "there is no certificate for " + key.client() + " to open a tunnel with"));
      return;
    }
    SslHandler handler = own.get();
    handler.setHandshakeTimeoutMillis(settings.handshakeTimeout().toMillis());
    channel.pipeline().addLast(handler, new TlsOutcome(this));
    channel.config().setAutoRead(true);
  }

  private void failConnect(Throwable cause) {
    if (cause instanceof Unreachable unreachable) {
      fail("connect", unreachable);
      return;
    }
    boolean refused =
        cause instanceof ConnectException && !(cause instanceof ConnectTimeoutException);
    fail(
        "connect",
        Unreachable.unanswered(
            refused ? Unreachable.Reason.REFUSED : Unreachable.Reason.TIMED_OUT,
            remote + " was not reached: " + cause.getMessage(),
            cause));
  }

  @Override
  public void onEstablished(ChannelHandlerContext ctx, SslHandler handler) throws SSLException {
    SpiffeId peer = TlsContexts.peer(handler);
    if (!peer.equals(key.server())) {
      throw new SSLPeerUnverifiedException("the peer is " + peer);
    }
    Instant end = TunnelChannels.certificatesEnd(handler);
    Http2FrameCodec codec = HboneCodec.client();
    ClientTunnel tunnel = new ClientTunnel(codec, settings, metrics, receiver);
    ctx.pipeline().addLast(new TurnFlush(), codec, tunnel);
    TunnelChannels.at(ctx, clock, end, tunnel::retire);
    receiver.onEstablished(tunnel);
  }

  @Override
  public void onFailed(Throwable cause) {
    String message =
        "no mutual TLS with "
            + remote
            + ", expected to be "
            + key.server()
            + ": "
            + (cause instanceof ClosedChannelException
                ? "it closed the connection"
                : cause.getMessage());
    fail(
        TlsOutcome.reason(cause),
        switch (cause) {
          case SslHandshakeTimeoutException late ->
              Unreachable.unanswered(Unreachable.Reason.TIMED_OUT, message, late);
          case ClosedChannelException closed ->
              Unreachable.unanswered(Unreachable.Reason.REFUSED, message, closed);
          default -> new Unreachable(Unreachable.Reason.TLS, message, cause);
        });
  }

  private void fail(String metric, Unreachable cause) {
    metrics.failed(metric);
    receiver.onFailed(cause);
  }
}
