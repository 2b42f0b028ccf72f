package io.weftmesh.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The first handler of a client connection whose protocol nobody declared. Reads until {@link
 * ProtocolMatcher} knows, then stops reading and tells its listener, which installs the handlers
 * that take over and turns reading on: the bytes read so far, and the client's half-close if it
 * came with them, then pass down the pipeline as if they had only just arrived, and the detector is
 * gone.
 *
 * <p>A client that says nothing may be waiting for the server to speak first (MySQL, SMTP). When it
 * has been silent for {@link #SILENCE}, the listener is told once and may open the upstream
 * connection; a server that speaks then is its answer to {@link #settle}.
 *
 * <p>A client that stops in the middle of what may still become HTTP is not waited for longer than
 * {@link #PATIENCE}: four letters may be some protocol's whole greeting.
 *
 * <p>Everything runs on the channel's event loop, by that loop's clock.
 */
public final class Detector extends ChannelDuplexHandler {
  /** Long enough for a client that speaks first on the same network, short beside a banner. */
  static final Duration SILENCE = Duration.ofMillis(10);

  /** Longer than any pause that a client makes inside its first line, shorter than its time-out. */
  static final Duration PATIENCE = Duration.ofSeconds(1);

  /** Who takes the connection over. Called on the event loop; each method at most once. */
  public interface Listener {
    /** The client speaks {@code protocol}. Nothing is read until the listener turns reading on. */
    void detected(Protocol protocol);

    /** The client has not said a byte yet. */
    void silent();

    /** The connection ended before it said enough; {@code cause} is null if it was just closed. */
    void gone(@Nullable Throwable cause);
  }

  private final Listener listener;
  private final boolean serverMaySpeakFirst;
  private final ProtocolMatcher matcher = new ProtocolMatcher();
  private final List<ByteBuf> held = new ArrayList<>(1);
  private boolean inputEnded;
  private boolean decided;
  private @Nullable ScheduledFuture<?> timer;
  private @Nullable ChannelHandlerContext context;

  /**
   * @param serverMaySpeakFirst false where routes say that the port is HTTP, so that silence means
   *     nothing
   */
  public Detector(Listener listener, boolean serverMaySpeakFirst) {
    this.listener = listener;
    this.serverMaySpeakFirst = serverMaySpeakFirst;
  }

  /** Ends the detection from outside: the server spoke first. No effect once it has ended. */
  public void settle(Protocol protocol) {
    if (context != null) {
      decide(context, protocol);
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    if (serverMaySpeakFirst) {
      timer = ctx.executor().schedule(this::silent, SILENCE.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    cancelTimer();
    held.forEach(ByteBuf::release);
    held.clear();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var bytes = (ByteBuf) message;
    boolean first = held.isEmpty();
    held.add(bytes);
    if (decided) {
      return;
    }
    bytes.forEachByte(next -> matcher.feed(next) == null);
    Protocol answer = matcher.answer();
    if (answer != null) {
      decide(ctx, answer);
    } else if (first) {
      cancelTimer();
      timer = ctx.executor().schedule(this::giveUp, PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Nothing was passed on, so there is nothing to complete.
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded = true;
      decide(ctx, Protocol.OPAQUE);
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  /** Reading is asked for: before the decision by the channel itself, after it by the listener. */
  @Override
  public void read(ChannelHandlerContext ctx) {
    if (!decided) {
      ctx.read();
      return;
    }
    var bytes = List.copyOf(held);
    held.clear();
    boolean ended = inputEnded;
    for (ByteBuf buffer : bytes) {
      ctx.fireChannelRead(buffer);
    }
    if (!bytes.isEmpty()) {
      ctx.fireChannelReadComplete();
    }
    if (ended) {
      ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
    if (!ctx.isRemoved()) {
      ctx.read();
      ctx.pipeline().remove(this);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end(ctx, null);
    ctx.fireChannelInactive();
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
      cancelTimer();
      listener.gone(cause);
      ctx.close();
    }
  }

  private void silent() {
    if (!decided) {
      listener.silent();
    }
  }

  private void giveUp() {
    settle(Protocol.OPAQUE);
  }

  private void decide(ChannelHandlerContext ctx, Protocol protocol) {
    if (decided) {
      return;
    }
    decided = true;
    cancelTimer();
    ctx.channel().config().setAutoRead(false);
    listener.detected(protocol);
  }

  private void cancelTimer() {
    Future<?> pending = timer;
    if (pending != null) {
      pending.cancel(false);
      timer = null;
    }
  }
}
