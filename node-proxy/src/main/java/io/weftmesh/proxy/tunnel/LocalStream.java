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
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection that does not leave the event loop: what is written here is read at the
 * other end, with the half-close, the resets and the back-pressure of a socket. It stands where two
 * parts of the process that each expect a connection meet, with no copy to the kernel and back.
 *
 * <p>What the peer has not read is bounded; beyond it the writer waits. What a write gave is read
 * in a turn of its own, so that the two ends never call each other in a circle.
 */
public final class LocalStream extends AbstractChannel implements DuplexChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  /** How much may wait for a reader. */
  private static final int MOST_UNREAD_BYTES = 256 << 10;

  /** How much one end may read in one turn before others have theirs. */
  private static final int QUANTUM_BYTES = 256 << 10;

  private final InetSocketAddress localAddress;
  private final InetSocketAddress remoteAddress;
  private final StreamConfig config = new StreamConfig(this, this::stopReading);
  private final UnreadBytes unread = new UnreadBytes();

  @SuppressWarnings("NullAway.Init") // each needs the other, and this is set before any use
  private LocalStream peer;

  private volatile boolean open = true;
  private boolean reading;
  private boolean drainScheduled;
  private boolean inputEnded;
  private volatile boolean inputShutdown;
  private volatile boolean outputShutdown;
  private boolean outputEnded;
  private boolean unsentAtClose;
  private @Nullable ChannelPromise outputPromise;

  private LocalStream(InetSocketAddress localAddress, InetSocketAddress remoteAddress) {
    super(null);
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    config.setAutoRead(false);
  }

  /**
   * A connection, open and with auto-read off at both ends. To be called on {@code loop}.
   *
   * @return the client's end; {@link #peer} is the server's
   */
  public static LocalStream open(
      EventLoop loop, InetSocketAddress client, InetSocketAddress server) {
    LocalStream near = new LocalStream(client, server);
    LocalStream far = new LocalStream(server, client);
    near.peer = far;
    far.peer = near;
    loop.register(near);
    loop.register(far);
    return near;
  }

  /** The other end. */
  public LocalStream peer() {
    return peer;
  }

  // ---- reading

  @Override
  protected void doBeginRead() {
    reading = true;
    drainLater();
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
    boolean delivered = false;
    while (reading && quantum > 0 && open) {
      ByteBuf data = unread.poll();
      if (data == null) {
        break;
      }
      quantum -= data.readableBytes();
      delivered = true;
      pipeline().fireChannelRead(data);
    }
    if (delivered && open) {
      peer.resume();
      // Asks for the next read, if auto-read is on.
      reading = false;
      pipeline().fireChannelReadComplete();
    }
    if (reading && open) {
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

  // ---- what the other end does

  /** Takes over {@code data}. */
  private void receive(ByteBuf data) {
    if (inputShutdown) {
      data.release();
      return;
    }
    unread.add(data, alloc());
    if (reading) {
      drainLater();
    }
  }

  private void receiveEnd() {
    inputEnded = true;
    if (reading) {
      drainLater();
    }
  }

  private void receiveReset() {
    eventLoop()
        .execute(() -> {
          if (open) {
            pipeline().fireExceptionCaught(new SocketException("Connection reset by peer"));
            unsafe().close(voidPromise());
          }
        });
  }

  /** The reader has made room. */
  private void resume() {
    ChannelOutboundBuffer out = unsafe().outboundBuffer();
    if (open && out != null && !out.isEmpty()) {
      eventLoop().execute(((StreamUnsafe) unsafe())::flush0);
    }
  }

  // ---- writing

  @Override
  protected Object filterOutboundMessage(Object message) throws Exception {
    if (!(message instanceof ByteBuf)) {
      throw new UnsupportedOperationException(
          "a stream carries ByteBuf, not " + message.getClass().getName());
    }
    if (outputShutdown) {
      throw new ChannelOutputShutdownException("Channel output shutdown");
    }
    return message;
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer out) throws Exception {
    while (out.current() instanceof ByteBuf data) {
      if (!peer.open) {
        throw new SocketException("Broken pipe: the other end is closed");
      }
      if (data.isReadable()) {
        if (peer.unread.bytes() >= MOST_UNREAD_BYTES) {
          return;
        }
        peer.receive(data.retain());
      }
      out.remove();
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
    peer.receiveEnd();
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
    ChannelPromise promise = outputPromise;
    outputPromise = null;
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    if (config.resetsOnClose() || dropped > 0 || unsentAtClose) {
      peer.receiveReset();
    } else if (!outputEnded) {
      outputEnded = true;
      peer.receiveEnd();
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
    unread.release();
    peer.resume();
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
    return true;
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
    throw new UnsupportedOperationException("a stream has its addresses from the beginning");
  }

  @Override
  protected void doDisconnect() {
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
      ChannelOutboundBuffer out = outboundBuffer();
      unsentAtClose |= out != null && out.totalPendingWriteBytes() > 0;
      super.close(promise, cause, closeCause);
    }
  }
}
