package io.weftmesh.proxy.capture;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.tunnel.Upstream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An upstream connection that was opened for a client that had not said a word, and the handler
 * that waits on it for the server's. What the server says first is held until the relay asks for
 * it. Confined to its loop.
 */
final class EarlyUpstream extends ChannelDuplexHandler {
  private final Upstream upstream;
  private final Endpoint endpoint;
  private final String backend;
  private final @Nullable Claim claim;
  private final Runnable serverSpoke;
  private final List<ByteBuf> held = new ArrayList<>(1);
  private boolean ended;
  private boolean spoke;
  private boolean taken;

  /**
   * @param serverSpoke called once, when the server has sent or closed before the connection was
   *     taken
   */
  EarlyUpstream(
      Upstream upstream,
      Endpoint endpoint,
      String backend,
      @Nullable Claim claim,
      Runnable serverSpoke) {
    this.upstream = upstream;
    this.endpoint = endpoint;
    this.backend = backend;
    this.claim = claim;
    this.serverSpoke = serverSpoke;
  }

  Upstream upstream() {
    return upstream;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  String backend() {
    return backend;
  }

  @Nullable Claim claim() {
    return claim;
  }

  /** Waits for the server's first bytes. */
  void listen() {
    upstream.channel().pipeline().addLast(this);
    upstream.channel().config().setAutoRead(true);
  }

  /** Whether it is as good as new: the server has neither sent nor closed. */
  boolean isUnused() {
    return !spoke && upstream.channel().isActive();
  }

  /** Stops waiting; what is held is passed on when reading is turned on again. */
  void take() {
    taken = true;
    upstream.channel().config().setAutoRead(false);
    if (held.isEmpty() && !ended && upstream.channel().pipeline().context(this) != null) {
      upstream.channel().pipeline().remove(this);
    }
  }

  /** Nobody needs it. */
  void close() {
    taken = true;
    upstream.channel().close();
    if (claim != null) {
      claim.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    held.add((ByteBuf) message);
    spoken(ctx);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ended = true;
      spoken(ctx);
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    spoken(ctx);
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (taken) {
      ctx.fireExceptionCaught(cause);
    } else {
      ctx.close();
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    if (!taken) {
      ctx.read();
      return;
    }
    List<ByteBuf> first = List.copyOf(held);
    held.clear();
    boolean input = ended;
    for (ByteBuf buffer : first) {
      ctx.fireChannelRead(buffer);
    }
    if (!first.isEmpty()) {
      ctx.fireChannelReadComplete();
    }
    if (input) {
      ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
    if (!ctx.isRemoved()) {
      ctx.read();
      ctx.pipeline().remove(this);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    held.forEach(ByteBuf::release);
    held.clear();
  }

  private void spoken(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(false);
    if (!spoke) {
      spoke = true;
      if (!taken) {
        serverSpoke.run();
      }
    }
  }
}
