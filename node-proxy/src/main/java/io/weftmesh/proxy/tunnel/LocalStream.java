package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketException;

/**
 * One end of a connection that does not leave the event loop: what is written here is read at the
 * other end, with the half-close, the resets and the back-pressure of a socket. It stands where two
 * parts of the process that each expect a connection meet, with no copy to the kernel and back.
 *
 * <p>What the peer has not read is bounded; beyond it the writer waits. What a write gave is read
 * in a turn of its own, so that the two ends never call each other in a circle.
 */
public final class LocalStream extends StreamChannel {
  /** How much may wait for a reader. */
  private static final int MOST_UNREAD_BYTES = 256 << 10;

  @SuppressWarnings("NullAway.Init") // each needs the other, and this is set before any use
  private LocalStream peer;

  private boolean resumeDue;

  private LocalStream(InetSocketAddress localAddress, InetSocketAddress remoteAddress) {
    super(null, localAddress, remoteAddress);
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

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer out) throws Exception {
    while (out.current() instanceof ByteBuf data) {
      if (!peer.isOpen()) {
        throw new SocketException("Broken pipe: the other end is closed");
      }
      if (data.isReadable()) {
        if (peer.unread().bytes() >= MOST_UNREAD_BYTES) {
          return;
        }
        peer.receive(data.retain());
      }
      out.remove();
    }
    written(out);
  }

  private void receive(ByteBuf data) {
    if (takesInput()) {
      unread().add(data, alloc());
      drainLater();
    } else {
      data.release();
    }
  }

  /** There is room again for what the other end has to write. */
  @Override
  void consumed(int bytes) {
    if (isOpen() && !peer.resumeDue && peer.isOpen() && peer.hasUnsent()) {
      peer.resumeDue = true;
      eventLoop().execute(peer::resume);
    }
  }

  private void resume() {
    resumeDue = false;
    if (isOpen()) {
      flushUnsent();
    }
  }

  @Override
  void dropped(int bytes) {
    // Whoever wrote them is told that this end is closed.
  }

  @Override
  void sendEnd() {
    peer.receivedEnd();
    peer.drainLater();
  }

  @Override
  void sendReset() {
    eventLoop().execute(peer::receiveReset);
  }

  private void receiveReset() {
    if (isOpen()) {
      pipeline().fireExceptionCaught(new SocketException("Connection reset by peer"));
      unsafe().close(voidPromise());
    }
  }

  @Override
  boolean isSevered() {
    return false;
  }
}
