package io.weftmesh.redirector.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;

/** Forwards what one channel reads to another, with its end. */
@SuppressWarnings("FutureReturnValueIgnored") // Channels report failures to their handlers.
final class Forward extends ChannelInboundHandlerAdapter {
  private final DuplexChannel target;

  Forward(DuplexChannel target) {
    this.target = target;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!target.isActive()) {
      ReferenceCountUtil.release(message);
      return;
    }
    target.write(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    target.flush();
    context.channel().config().setAutoRead(target.isWritable());
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    target.config().setAutoRead(context.channel().isWritable());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      target.shutdownOutput().addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closeAfterFlush(target);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private static void closeAfterFlush(Channel channel) {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }
}
