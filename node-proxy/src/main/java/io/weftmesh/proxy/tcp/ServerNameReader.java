package io.weftmesh.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads from a TLS client's first message the name of the server that it wants (RFC 6066, 3), then
 * stops reading and tells its listener. The bytes are not touched: as with {@link Detector}, they
 * pass down the pipeline when reading is turned on again, with the client's half-close behind them
 * if it came, and the reader is gone.
 *
 * <p>A client whose first message is none, is too long, or does not end in time is closed.
 *
 * <p>Everything runs on the channel's event loop.
 */
public final class ServerNameReader extends AbstractSniHandler<Void> {
  /** Room for the keys of several post-quantum groups, and no more than one read of a socket. */
  static final int MAX_CLIENT_HELLO_BYTES = 64 * 1024;

  /** As long as a slow client may take for one message, whatever it comes in. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Who takes the connection over. Called on the event loop; one method, once. */
  public interface Listener {
    /**
     * The client wants this server. Nothing is read until the listener turns reading on.
     *
     * @param serverName in lower case; empty if the client names none
     */
    void named(String serverName);

    /** The connection ended before it said enough; {@code cause} is null if it was just closed. */
    void gone(@Nullable Throwable cause);
  }

  private final Listener listener;
  private boolean decided;
  private boolean inputEnded;

  public ServerNameReader(Listener listener) {
    super(MAX_CLIENT_HELLO_BYTES, PATIENCE.toMillis());
    this.listener = listener;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    // What comes behind the message is held with it, and means nothing here.
    if (!decided) {
      super.decode(ctx, in, out);
    }
  }

  @Override
  protected Future<Void> lookup(ChannelHandlerContext ctx, @Nullable String hostname) {
    return ctx.executor().newSucceededFuture(null);
  }

  @Override
  protected void onLookupComplete(
      ChannelHandlerContext ctx, @Nullable String hostname, Future<Void> done) {
    decided = true;
    ctx.channel().config().setAutoRead(false);
    listener.named(hostname == null ? "" : hostname);
  }

  /** Reading is asked for: before the decision by the channel itself, after it by the listener. */
  @Override
  public void read(ChannelHandlerContext ctx) {
    // A detector before this reader may hand it the whole message within the call.
    boolean passesOn = decided;
    ctx.read();
    if (passesOn) {
      ctx.pipeline().remove(this);
      if (inputEnded) {
        ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Nothing was passed on, so there is nothing to complete; and more is not to be read now.
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE) {
      ctx.fireUserEventTriggered(event);
    } else if (decided) {
      inputEnded = true;
    } else {
      end(ctx, null);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    end(ctx, null);
    super.channelInactive(ctx);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (decided) {
      ctx.fireExceptionCaught(cause);
    } else {
      end(ctx, cause);
    }
  }

  private void end(ChannelHandlerContext ctx, @Nullable Throwable cause) {
    if (!decided) {
      decided = true;
      listener.gone(cause);
      ctx.close();
    }
  }
}
