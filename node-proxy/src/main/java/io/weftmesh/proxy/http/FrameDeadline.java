package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.time.Duration;

/**
 * Bounds the time in which a client of HTTP/2 completes what it has begun: the preface, a frame, or
 * a header block with its CONTINUATIONs. The codec waits for the rest as long as the connection
 * lasts, and there is no stream yet whose time-outs could end that.
 *
 * <p>Stands before the codec, looks at the nine bytes that every frame begins with (RFC 9113, 4.1)
 * and changes nothing. Confined to the event loop of its channel.
 */
final class FrameDeadline extends ChannelInboundHandlerAdapter {
  private static final int PREFACE_BYTES = 24;
  private static final int HEADER_BYTES = 9;

  /** Length, type and flags; the stream behind them does not matter. */
  private static final int SHAPE_BYTES = 5;

  private static final int HEADERS = 1;
  private static final int CONTINUATION = 9;
  private static final int END_HEADERS = 0x4;

  private final EventLoop loop;
  private final long timeoutNanos;
  private final Deadline deadline;

  private int payloadLeft = PREFACE_BYTES;
  private int headerRead;
  private long shape;
  private boolean insideBlock;

  /**
   * @param timeout for each
   * @param exceeded called on the loop, once at most
   */
  FrameDeadline(EventLoop loop, Duration timeout, Runnable exceeded) {
    this.loop = loop;
    this.timeoutNanos = timeout.toNanos();
    this.deadline = new Deadline(loop, exceeded);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    restart();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (look((ByteBuf) message)) {
      restart();
    }
    if (isBetween()) {
      deadline.set(Deadline.NONE);
    }
    ctx.fireChannelRead(message);
  }

  /** Whether something was completed, so that what is unfinished now has begun with this read. */
  private boolean look(ByteBuf in) {
    boolean completed = isBetween();
    int end = in.writerIndex();
    for (int at = in.readerIndex(); at < end; completed |= isBetween()) {
      if (payloadLeft > 0) {
        int taken = Math.min(payloadLeft, end - at);
        payloadLeft -= taken;
        at += taken;
      } else {
        header(in.getByte(at++));
      }
    }
    return completed;
  }

  private void header(byte b) {
    if (headerRead < SHAPE_BYTES) {
      shape = (shape << Byte.SIZE) | (b & 0xff);
    }
    if (++headerRead < HEADER_BYTES) {
      return;
    }
    payloadLeft = (int) (shape >>> 16);
    int type = (int) ((shape >>> 8) & 0xff);
    if (type == HEADERS || type == CONTINUATION) {
      insideBlock = (shape & END_HEADERS) == 0;
    }
    headerRead = 0;
    shape = 0;
  }

  private boolean isBetween() {
    return payloadLeft == 0 && headerRead == 0 && !insideBlock;
  }

  private void restart() {
    deadline.set(Deadline.now(loop) + timeoutNanos);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    deadline.cancel();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    deadline.cancel();
  }
}
