package io.weftmesh.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.weftmesh.proxy.telemetry.Counter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes between two channels of one event loop until both directions have ended.
 *
 * <ul>
 *   <li><b>Back-pressure.</b> What one side can't take yet stops the other from being read. How
 *       much may wait is the channels' own high-water mark, how much is moved in one turn of the
 *       loop is their own receive allocator ({@link Sockets}).
 *   <li><b>Half-close.</b> The end of one direction is passed on after its last byte; the other
 *       direction goes on.
 *   <li><b>Reset.</b> When one side breaks, the other is reset too ({@code SO_LINGER} 0), so that
 *       nobody takes a broken transfer for a complete one.
 *   <li><b>Idle time-out</b>, if there is one, counts bytes of either direction.
 * </ul>
 *
 * <p>Used on the event loop only.
 */
public final class Relay {
  /** How a relay ended. */
  public enum End {
    /** Both directions ended in order. */
    FINISHED,
    /** One side broke and the other was reset. */
    RESET,
    /** No byte came for the idle time-out, and both were reset. */
    IDLE
  }

  private final Side client;
  private final Side upstream;
  private final Consumer<End> whenEnded;
  private boolean ended;
  private long lastActivityNanos;

  private Relay(
      DuplexChannel client,
      DuplexChannel upstream,
      Counter sent,
      Counter received,
      Consumer<End> whenEnded) {
    this.client = new Side(client, upstream, sent);
    this.upstream = new Side(upstream, client, received);
    this.whenEnded = whenEnded;
  }

  /**
   * Installs itself at the end of both pipelines and turns reading on.
   *
   * @param client stands with reading off, perhaps with bytes held by a handler that releases them
   *     on {@code read}, as {@link Detector} does
   * @param upstream stands with reading off, connected
   * @param sent counts bytes from client to upstream
   * @param received counts bytes from upstream to client
   * @param idleTimeout null for none
   * @param whenEnded called once, on the loop
   */
  public static void start(
      DuplexChannel client,
      DuplexChannel upstream,
      Counter sent,
      Counter received,
      @Nullable Duration idleTimeout,
      Consumer<End> whenEnded) {
    EventLoop loop = client.eventLoop();
    if (!loop.equals(upstream.eventLoop()) || !loop.inEventLoop()) {
      throw new IllegalStateException(
          "a relay's channels live on one event loop and start there: " + client + ", " + upstream);
    }
    var relay = new Relay(client, upstream, sent, received, whenEnded);
    client.pipeline().addLast(relay.client);
    upstream.pipeline().addLast(relay.upstream);
    if (!client.isActive() || !upstream.isActive()) {
      relay.end(End.RESET);
      return;
    }
    if (idleTimeout != null) {
      relay.lastActivityNanos = loop.ticker().nanoTime();
      relay.watchIdleness(loop, idleTimeout.toNanos(), idleTimeout.toNanos());
    }
    relay.client.begin();
    relay.upstream.begin();
  }

  private void watchIdleness(EventLoop loop, long timeoutNanos, long delayNanos) {
    var check =
        loop.schedule(
            () -> {
              if (ended) {
                return;
              }
              long leftNanos = lastActivityNanos + timeoutNanos - loop.ticker().nanoTime();
              if (leftNanos <= 0) {
                end(End.IDLE);
              } else {
                watchIdleness(loop, timeoutNanos, leftNanos);
              }
            },
            delayNanos,
            TimeUnit.NANOSECONDS);
    client.own.closeFuture().addListener(closed -> check.cancel(false));
  }

  /** A channel whose both directions have ended is closed at once; the other may still flush. */
  private void directionEnded() {
    if (client.inputEnded && upstream.endPassedOn) {
      client.own.close();
    }
    if (upstream.inputEnded && client.endPassedOn) {
      upstream.own.close();
    }
    if (!ended && client.endPassedOn && upstream.endPassedOn) {
      ended = true;
      whenEnded.accept(End.FINISHED);
    }
  }

  private void end(End end) {
    if (!ended) {
      ended = true;
      reset(client.own);
      reset(upstream.own);
      whenEnded.accept(end);
    }
  }

  /** Closes at once and lets the peer know that the connection did not end in order. */
  public static void reset(Channel channel) {
    dropWhatIsUnsent(channel);
    channel.close();
  }

  /** Resets a channel that no event loop has taken yet; any thread. */
  public static void resetUnregistered(Channel channel) {
    dropWhatIsUnsent(channel);
    channel.unsafe().closeForcibly();
  }

  private static void dropWhatIsUnsent(Channel channel) {
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException alreadyGone) {
      // The peer reset it first.
    }
  }

  /** One end: reads its own channel and writes to the peer's. */
  private final class Side extends ChannelInboundHandlerAdapter {
    final DuplexChannel own;
    private final DuplexChannel peer;
    private final Counter bytesRead;
    private boolean unflushed;
    private boolean inputEnded;

    /** The peer has every byte, and knows that no more will come. */
    boolean endPassedOn;

    Side(DuplexChannel own, DuplexChannel peer, Counter bytesRead) {
      this.own = own;
      this.peer = peer;
      this.bytesRead = bytesRead;
    }

    void begin() {
      if (ended) {
        return;
      }
      own.config().setAutoRead(true);
      // Held bytes came out of the pipeline in the line above: what is shut down now has no more.
      if (own.isInputShutdown()) {
        passEndOn();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (ended || inputEnded) {
        ReferenceCountUtil.release(message);
        return;
      }
      bytesRead.add(((ByteBuf) message).readableBytes());
      lastActivityNanos = own.eventLoop().ticker().nanoTime();
      peer.write(message, peer.voidPromise());
      unflushed = true;
      if (!peer.isWritable()) {
        flush();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      flush();
    }

    private void flush() {
      if (unflushed) {
        unflushed = false;
        peer.flush();
        if (!peer.isWritable()) {
          own.config().setAutoRead(false);
        }
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (!ended && own.isWritable() && !peer.isInputShutdown()) {
        peer.config().setAutoRead(true);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        passEndOn();
      }
    }

    private void passEndOn() {
      if (ended || inputEnded) {
        return;
      }
      inputEnded = true;
      unflushed = false;
      directionEnded();
      // A shutdown discards what is still to be written, so it waits behind an empty write.
      peer.writeAndFlush(Unpooled.EMPTY_BUFFER)
          .addListener(
              (ChannelFutureListener)
                  written -> {
                    if (written.isSuccess() && !ended) {
                      peer.shutdownOutput()
                          .addListener(told -> {
                            endPassedOn = true;
                            directionEnded();
                          });
                    }
                  });
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      boolean inOrder = inputEnded && (own.equals(client.own) ? upstream : client).endPassedOn;
      if (!inOrder) {
        end(End.RESET);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {

      end(End.RESET);
    }
  }
}
