package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One CONNECT stream of a tunnel as a channel that behaves as a socket would:
 *
 * <table>
 *   <caption>What becomes of what</caption>
 *   <tr><th>socket</th><th>stream</th></tr>
 *   <tr><td>bytes</td><td>DATA</td></tr>
 *   <tr><td>FIN, {@link #shutdownOutput}</td><td>END_STREAM, after all that was written</td></tr>
 *   <tr><td>RST, close with {@code SO_LINGER} 0 or with bytes unread or unsent</td>
 *       <td>RST_STREAM (CONNECT_ERROR)</td></tr>
 *   <tr><td>close</td><td>END_STREAM; the stream stays for the peer's own end, as a closed socket
 *       does in FIN_WAIT_2, and is reset if the peer sends more</td></tr>
 *   <tr><td>receive buffer</td><td>the stream's window: credit goes back when bytes are handed to
 *       the pipeline, and none are handed over while auto-read is off</td></tr>
 *   <tr><td>send buffer</td><td>the peer's window and the tunnel's own writability</td></tr>
 * </table>
 *
 * <p>A write's promise succeeds when the tunnel took the bytes, as it does when a kernel takes
 * them. A stream's write never flushes the tunnel by itself: see {@link TurnFlush}.
 *
 * <p>Before {@link #accept} this is only the place where early bytes wait. Everything happens on
 * the tunnel's event loop.
 */
final class TunnelStream extends AbstractChannel implements DuplexChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  /** How much one stream may move in one turn before the others have theirs. */
  private static final int QUANTUM_BYTES = 256 << 10;

  private final Tunnel tunnel;
  private final Http2FrameStream frameStream;
  private final Http2Stream stream;
  private final InetSocketAddress localAddress;
  private final InetSocketAddress remoteAddress;
  private final StreamConfig config = new StreamConfig(this, this::stopReading);
  private final UnreadBytes unread = new UnreadBytes();

  private @Nullable Consumer<Throwable> failedEarly;
  private volatile boolean open = true;
  private boolean severed;
  private boolean creditWithheld;
  private int ticksWaiting;

  private boolean reading;
  private boolean delivered;
  private boolean completing;
  private boolean drainScheduled;
  private boolean readCompleteDue;
  private boolean inputEnded;
  private volatile boolean inputShutdown;

  private volatile boolean outputShutdown;
  private boolean outputEnded;
  private boolean unsentAtClose;
  private boolean resumeDue;
  private @Nullable ChannelPromise outputPromise;

  TunnelStream(
      Tunnel tunnel,
      Http2FrameStream frameStream,
      Http2Stream stream,
      InetSocketAddress localAddress,
      InetSocketAddress remoteAddress) {
    super(tunnel.channel());
    this.tunnel = tunnel;
    this.frameStream = frameStream;
    this.stream = stream;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    config.setAllocator(tunnel.channel().alloc());
    config.setAutoRead(false);
  }

  Http2FrameStream frameStream() {
    return frameStream;
  }

  Http2Stream stream() {
    return stream;
  }

  /** Whom to tell when the stream ends before it was accepted; told at most once. */
  void onFailedEarly(Consumer<Throwable> failedEarly) {
    this.failedEarly = failedEarly;
  }

  /** Makes it a channel: both ends agree. */
  void accept() {
    failedEarly = null;
    tunnel.channel().eventLoop().register(this);
  }

  /** Gives the stream up before it was accepted, and tells only the peer. */
  void abandon(Http2Error error) {
    failedEarly = null;
    open = false;
    unread.release();
    if (!severed) {
      severed = true;
      tunnel.reset(this, error);
    }
  }

  // ---- what the tunnel received for this stream

  /** Takes over {@code data}; {@code flowControlledBytes} counts its padding too. */
  void onData(ByteBuf data, int flowControlledBytes, boolean end) {
    inputEnded |= end;
    int length = data.readableBytes();
    if (!open || inputShutdown) {
      data.release();
      credit(flowControlledBytes);
      if (length > 0 && !open && !severed) {
        severed = true;
        tunnel.reset(this, Http2Error.CANCEL);
      }
      return;
    }
    credit(flowControlledBytes - length);
    if (reading && unread.isEmpty()) {
      deliver(data);
    } else {
      unread.add(data, alloc());
    }
    if (!readCompleteDue) {
      readCompleteDue = true;
      tunnel.readCompleteLater(this);
    }
  }

  /** The tunnel has read all that there was in this turn. */
  void onReadComplete() {
    readCompleteDue = false;
    if (isActive()) {
      completeRead();
    }
  }

  void onReset(long errorCode) {
    severed = true;
    if (inputEnded && errorCode == Http2Error.NO_ERROR.code() && !hasUnsent()) {
      // What the peer sent is complete (RFC 9113, 8.1); it only doesn't want more of ours.
      outputShutdown = true;
      outputEnded = true;
      return;
    }
    fail(new SocketException("Connection reset by peer: " + name(errorCode)));
  }

  /** The codec is done with the stream: both ends ended it, or one reset it, or the tunnel died. */
  void onClosed(@Nullable Throwable cause) {
    severed = true;
    if (inputEnded && outputEnded) {
      creditWithheld = open && !unread.isEmpty();
      if (creditWithheld) {
        tunnel.withholdCredit(unread.bytes());
      }
    } else if (open) {
      fail(cause == null ? new SocketException("Connection reset") : cause);
    }
  }

  void fail(Throwable cause) {
    severed = true;
    unread.release();
    if (!open) {
      return;
    }
    if (isRegistered()) {
      pipeline().fireExceptionCaught(cause);
      unsafe().close(voidPromise());
    } else {
      open = false;
      Consumer<Throwable> told = failedEarly;
      failedEarly = null;
      if (told != null) {
        told.accept(cause);
      }
    }
  }

  /** A turn of the keep-alive's clock; a stream that waits for its peer waits for two at most. */
  void onTick() {
    boolean closing = !open && !severed;
    boolean opening = open && failedEarly != null && tunnel.boundsOpening();
    if (!closing && !opening) {
      return;
    }
    ticksWaiting++;
    if (ticksWaiting >= 2) {
      Consumer<Throwable> told = failedEarly;
      abandon(Http2Error.CANCEL);
      if (told != null) {
        told.accept(
            new Unreachable(
                Unreachable.Reason.TIMED_OUT, "no answer to the CONNECT for " + remoteAddress));
      }
    }
  }

  /** The tunnel can take bytes of this stream again. */
  void onWritable() {
    resumeDue = false;
    if (isActive()) {
      ((StreamUnsafe) unsafe()).flush0();
    }
  }

  /**
   * Whether a place in the queue of those that {@link #onWritable} is owed to is still to be had.
   */
  boolean claimResume() {
    boolean claimed = !resumeDue && isActive() && hasUnsent();
    resumeDue |= claimed;
    return claimed;
  }

  private boolean hasUnsent() {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    return out != null && out.totalPendingWriteBytes() > 0;
  }

  // ---- reading

  @Override
  protected void doBeginRead() {
    reading = true;
    if (!completing) {
      drainLater();
    }
  }

  private void stopReading() {
    reading = false;
  }

  private void drainLater() {
    if (!drainScheduled && (!unread.isEmpty() || endIsDue())) {
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
    credit(length);
  }

  private void completeRead() {
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

  private void credit(int bytes) {
    if (bytes == 0) {
      return;
    }
    if (!severed) {
      tunnel.credit(this, bytes);
    } else if (creditWithheld) {
      tunnel.returnWithheldCredit(bytes);
    }
  }

  // ---- writing

  @Override
  protected Object filterOutboundMessage(Object message) throws Exception {
    if (!(message instanceof ByteBuf)) {
      throw new UnsupportedOperationException(
          "a tunnel's stream carries ByteBuf, not " + message.getClass().getName());
    }
    if (outputShutdown) {
      throw new ChannelOutputShutdownException("Channel output shutdown");
    }
    return message;
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer out) throws Exception {
    if (severed) {
      throw new SocketException("Broken pipe: the stream is over");
    }
    int quantum = QUANTUM_BYTES;
    boolean wrote = false;
    while (out.current() instanceof ByteBuf data) {
      int length = data.readableBytes();
      if (length > 0) {
        if (quantum <= 0) {
          tunnel.resumeLater(this);
          break;
        }
        if (!tunnel.takes(this)) {
          tunnel.stalled(this);
          break;
        }
        quantum -= length;
        tunnel.writeData(this, data.retain());
        wrote = true;
      }
      out.remove();
    }
    if (wrote) {
      tunnel.flush();
    }
    if (outputShutdown && out.isEmpty()) {
      endOutput();
    }
  }

  private void endOutput() {
    if (outputEnded) {
      return;
    }
    outputEnded = true;
    if (!severed) {
      tunnel.endStream(this);
    }
    ChannelPromise promise = outputPromise;
    outputPromise = null;
    if (promise != null) {
      promise.trySuccess();
    }
    pipeline().fireUserEventTriggered(ChannelOutputShutdownEvent.INSTANCE);
  }

  // ---- ending

  @Override
  protected void doClose() {
    open = false;
    int dropped = unread.release();
    if (creditWithheld) {
      tunnel.returnWithheldCredit(dropped);
    }
    ChannelPromise promise = outputPromise;
    outputPromise = null;
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    if (severed) {
      return;
    }
    if (config.resetsOnClose() || dropped > 0 || unsentAtClose) {
      severed = true;
      tunnel.reset(this, Http2Error.CONNECT_ERROR);
    } else if (!outputEnded) {
      outputEnded = true;
      tunnel.endStream(this);
    }
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
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
      if (out.isEmpty()) {
        endOutput();
      }
    }
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
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
    credit(unread.release());
    promise.trySuccess();
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    shutdownInput();
    return shutdownOutput(promise);
  }

  @Override
  public boolean isInputShutdown() {
    return inputShutdown || !open;
  }

  @Override
  public boolean isOutputShutdown() {
    return outputShutdown || !open;
  }

  @Override
  public boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  // ---- what every channel says of itself

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open && isRegistered();
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new StreamUnsafe();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(tunnel.channel().eventLoop());
  }

  @Override
  protected SocketAddress localAddress0() {
    return localAddress;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return remoteAddress;
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new UnsupportedOperationException("a tunnel's stream has its addresses from the tunnel");
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  private static String name(long errorCode) {
    Http2Error error = Http2Error.valueOf(errorCode);
    return "RST_STREAM " + (error == null ? Long.toHexString(errorCode) : error);
  }

  private final class StreamUnsafe extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      safeSetFailure(
          promise, new UnsupportedOperationException("a tunnel's stream is connected already"));
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
