package io.weftmesh.proxy.tunnel;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Stands behind a new connection's TLS until the handshake is over, says once how it went, and
 * goes. A connection whose handshake failed is closed.
 */
final class TlsOutcome extends ChannelInboundHandlerAdapter {
  /** Told exactly once, on the connection's loop. */
  interface Receiver {
    /**
     * TLS is up, and no byte within it has been read.
     *
     * @throws SSLException when the peer is not to be spoken to after all; then {@link #onFailed}
     *     is called, and nothing must have been done before
     */
    void onEstablished(ChannelHandlerContext ctx, SslHandler tls) throws SSLException;

    void onFailed(Throwable cause);
  }

  private final Receiver receiver;
  private boolean told;
  private @Nullable Throwable failure;

  TlsOutcome(Receiver receiver) {
    this.receiver = receiver;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (!(event instanceof SslHandshakeCompletionEvent completion)) {
      ctx.fireUserEventTriggered(event);
      return;
    }
    if (!completion.isSuccess()) {
      fail(ctx, completion.cause());
      return;
    }
    try {
      receiver.onEstablished(ctx, ctx.pipeline().get(SslHandler.class));
      told = true;
      ctx.pipeline().remove(this);
    } catch (SSLException | RuntimeException e) {
      fail(ctx, e);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(ctx, failure == null ? new ClosedChannelException() : failure);
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failure =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    ctx.close();
  }

  private void fail(ChannelHandlerContext ctx, Throwable cause) {
    if (!told) {
      told = true;
      receiver.onFailed(cause);
      ctx.close();
    }
  }

  /** A word for a metric. */
  static String reason(Throwable cause) {
    return switch (cause) {
      case NotSslRecordException notTls -> "not_tls";
      case SslHandshakeTimeoutException late -> "handshake_timeout";
      case ClosedChannelException closed -> "handshake_closed";
      case SSLException tls -> "tls";
      default -> "io";
    };
  }
}
