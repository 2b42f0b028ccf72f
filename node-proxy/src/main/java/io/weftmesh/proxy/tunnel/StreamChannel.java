package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A stream that is no socket and behaves as one: what reading, half-close, reset and close mean to
 * a pipeline, whatever carries the bytes.
 *
 * <ul>
 *   <li>What has come and was not asked for waits, and is handed over a bounded piece in each turn.
 *   <li>The peer's end is told when all before it was read; ours goes out behind all that was
 *       written.
 *   <li>Closing with bytes unread or unsent, or with {@code SO_LINGER} 0, is a reset.
 * </ul>
 *
 * <p>Everything happens on the stream's event loop; the state that {@link DuplexChannel} shows may
 * be read by any thread.
 */
abstract class StreamChannel extends AbstractChannel implements DuplexChannel {
  /** How much one stream may move in one turn before the others have theirs. */
  static final int QUANTUM_BYTES = 256 << 10;

  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  private final InetSocketAddress localAddress;
  private final InetSocketAddress remoteAddress;
  private final StreamConfig config = new StreamConfig(this, this::stopReading);
  private final UnreadBytes unread = new UnreadBytes();

  private volatile boolean open = true;
  private boolean reading;
  private boolean delivered;
  private boolean completing;
  private boolean drainScheduled;
  private boolean inputEnded;
  private volatile boolean inputShutdown;

  private volatile boolean outputShutdown;
  private boolean outputEnded;
  private boolean unsentAtClose;
  private @Nullable ChannelPromise outputPromise;

  StreamChannel(
      @Nullable Channel parent, InetSocketAddress localAddress, InetSocketAddress remoteAddress) {
    super(parent);
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    config.setAutoRead(false);
  }

  // ---- what carries the bytes

  /** So many bytes that came are not held any more: they were read, or nobody will. */
  abstract void consumed(int bytes);

  /** Of what was held so many bytes were dropped when the stream was closed. */
  abstract void dropped(int bytes);

  /** Tells the peer that no more comes. */
  abstract void sendEnd();

  /** Tells the peer that the stream is broken. */
  abstract void sendReset();

  /** Whether the peer cannot be told anything any more. */
  abstract boolean isSevered();

  // ---- what came

  final UnreadBytes unread() {
    return unread;
  }

  /** Takes over some bytes; only while {@link #takesInput}. */
  final void received(ByteBuf data) {
    if (reading && unread.isEmpty() && isActive()) {
      deliver(data);
    } else {
      unread.add(data, alloc());
    }
  }

  /** Whether what comes may still be read. */
  final boolean takesInput() {
    return open && !inputShutdown;
  }

  /** Nothing more comes. */
  final void receivedEnd() {
    inputEnded = true;
  }

  final boolean isInputEnded() {
    return inputEnded;
  }

  @Override
  protected final void doBeginRead() {
    reading = true;
    if (!completing) {
      drainLater();
    }
  }

  private void stopReading() {
    reading = false;
  }

  final void drainLater() {
    if (reading && !drainScheduled && (!unread.isEmpty() || endIsDue())) {
      drainScheduled = true;
      eventLoop().execute(this::drain);
    }
  }

  private boolean endIsDue() {
    return inputEnded && !inputShutdown && unread.isEmpty();
  }

  private void drain() {
    drainScheduled = false;
    int quantum = QUANTUM_BYTES;
    while (reading && quantum > 0 && isActive()) {
      ByteBuf data = unread.poll();
      if (data == null) {
        break;
      }
      quantum -= data.readableBytes();
      deliver(data);
    }
    if (isActive()) {
      completeRead();
    }
  }

  private void deliver(ByteBuf data) {
    int length = data.readableBytes();
    delivered = true;
    pipeline().fireChannelRead(data);
    consumed(length);
  }

  /** What there was in this turn has been handed over. */
  final void completeRead() {
    if (delivered) {
      delivered = false;
      reading = false;
      completing = true;
      pipeline().fireChannelReadComplete();
      completing = false;
    }
    if (reading && isActive()) {
      if (endIsDue()) {
        shutInput();
      } else {
        drainLater();
      }
    }
  }

  private void shutInput() {
    inputShutdown = true;
    if (config.allowsHalfClosure()) {
      pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
    } else {
      unsafe().close(voidPromise());
    }
  }

  // ---- what goes

  @Override
  protected final Object filterOutboundMessage(Object message) throws Exception {
    if (!(message instanceof ByteBuf)) {
      throw new UnsupportedOperationException(
          "a stream carries ByteBuf, not " + message.getClass().getName());
    }
    if (outputShutdown) {
      throw new ChannelOutputShutdownException("Channel output shutdown");
    }
    return message;
  }

  /** To be called when something was written: the end may be due behind it. */
  final void written(ChannelOutboundBuffer out) {
    if (outputShutdown && out.isEmpty()) {
      endOutput();
    }
  }

  final boolean hasUnsent() {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    return out != null && out.totalPendingWriteBytes() > 0;
  }

  /** Tries again to send what found no room. */
  final void flushUnsent() {
    ((StreamUnsafe) unsafe()).flush0();
  }

  final boolean isOutputEnded() {
    return outputEnded;
  }

  /** The peer wants no more of what goes, and needs no end of it. */
  final void outputUnwanted() {
    outputShutdown = true;
    outputEnded = true;
  }

  private void endOutput() {
    if (outputEnded) {
      return;
    }
    outputEnded = true;
    if (!isSevered()) {
      sendEnd();
    }
    ChannelPromise promise = outputPromise;
    outputPromise = null;
    if (promise != null) {
      promise.trySuccess();
    }
    pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
  }

  // ---- ending

  /** It will never be a channel. */
  final void closeUnregistered() {
    open = false;
    unread.release();
  }

  @Override
  protected final void doClose() {
    open = false;
    int unreadBytes = unread.release();
    dropped(unreadBytes);
    ChannelPromise promise = outputPromise;
    outputPromise = null;
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    if (isSevered()) {
      return;
    }
    if (config.resetsOnClose() || unreadBytes > 0 || unsentAtClose) {
      sendReset();
    } else if (!outputEnded) {
      outputEnded = true;
      sendEnd();
    }
  }

  @Override
  public final ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public final ChannelFuture shutdownOutput(ChannelPromise promise) {
    if (eventLoop().inEventLoop()) {
      shutdownOutput0(promise);
    } else {
      eventLoop().execute(() -> shutdownOutput0(promise));
    }
    return promise;
  }

  private void shutdownOutput0(ChannelPromise promise) {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    if (!open || out == null) {
      promise.tryFailure(new ClosedChannelException());
    } else if (outputShutdown) {
      promise.trySuccess();
    } else {
      outputShutdown = true;
      outputPromise = promise;
      unsafe().flush();
      written(out);
    }
  }

  @Override
  public final ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public final ChannelFuture shutdownInput(ChannelPromise promise) {
    if (eventLoop().inEventLoop()) {
      shutdownInput0(promise);
    } else {
      eventLoop().execute(() -> shutdownInput0(promise));
    }
    return promise;
  }

  private void shutdownInput0(ChannelPromise promise) {
    if (!open) {
      promise.tryFailure(new ClosedChannelException());
      return;
    }
    inputShutdown = true;
    consumed(unread.release());
    promise.trySuccess();
  }

  @Override
  public final ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public final ChannelFuture shutdown(ChannelPromise promise) {
    shutdownInput();
    return shutdownOutput(promise);
  }

  @Override
  public final boolean isInputShutdown() {
    return inputShutdown || !open;
  }

  @Override
  public final boolean isOutputShutdown() {
    return outputShutdown || !open;
  }

  @Override
  public final boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  // ---- what every channel says of itself

  @Override
  public final ChannelConfig config() {
    return config;
  }

  @Override
  public final boolean isOpen() {
    return open;
  }

  @Override
  public final boolean isActive() {
    return open && isRegistered();
  }

  @Override
  public final ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected final AbstractUnsafe newUnsafe() {
    return new StreamUnsafe();
  }

  @Override
  protected final SocketAddress localAddress0() {
    return localAddress;
  }

  @Override
  protected final SocketAddress remoteAddress0() {
    return remoteAddress;
  }

  @Override
  protected final void doBind(SocketAddress address) {
    throw new UnsupportedOperationException("a stream has its addresses from the beginning");
  }

  @Override
  protected final void doDisconnect() {
    doClose();
  }

  private final class StreamUnsafe extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      safeSetFailure(promise, new UnsupportedOperationException("a stream is connected already"));
    }

    @Override
    protected void flush0() {
      super.flush0();
    }

    @Override
    protected void close(
        ChannelPromise promise, Throwable cause, ClosedChannelException closeCause) {
      unsentAtClose |= hasUnsent();
      super.close(promise, cause, closeCause);
    }
  }
}
