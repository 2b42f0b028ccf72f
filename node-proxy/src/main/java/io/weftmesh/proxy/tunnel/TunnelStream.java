package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.InetSocketAddress;
import java.net.SocketException;
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
final class TunnelStream extends StreamChannel {
  private final Tunnel tunnel;
  private final Http2FrameStream frameStream;
  private final Http2Stream stream;
  private final InetSocketAddress remoteAddress;

  private @Nullable Consumer<Throwable> failedEarly;
  private boolean severed;
  private boolean creditWithheld;
  private int ticksWaiting;
  private boolean readCompleteDue;

  TunnelStream(
      Tunnel tunnel,
      Http2FrameStream frameStream,
      Http2Stream stream,
      InetSocketAddress localAddress,
      InetSocketAddress remoteAddress) {
    super(tunnel.channel(), localAddress, remoteAddress);
    this.tunnel = tunnel;
    this.frameStream = frameStream;
    this.stream = stream;
    this.remoteAddress = remoteAddress;
    config().setAllocator(tunnel.channel().alloc());
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
    closeUnregistered();
    if (!severed) {
      severed = true;
      tunnel.reset(this, error);
    }
  }

  // ---- what the tunnel received for this stream

  /** Takes over {@code data}; {@code flowControlledBytes} counts its padding too. */
  void onData(ByteBuf data, int flowControlledBytes, boolean end) {
    if (end) {
      receivedEnd();
    }
    int length = data.readableBytes();
    if (!takesInput()) {
      data.release();
      credit(flowControlledBytes);
      if (length > 0 && !isOpen() && !severed) {
        severed = true;
        tunnel.reset(this, Http2Error.CANCEL);
      }
      return;
    }
    credit(flowControlledBytes - length);
    received(data);
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
    if (isInputEnded() && errorCode == Http2Error.NO_ERROR.code() && !hasUnsent()) {
      // What the peer sent is complete (RFC 9113, 8.1); it only doesn't want more of ours.
      outputUnwanted();
      return;
    }
    fail(new SocketException("Connection reset by peer: " + name(errorCode)));
  }

  /** The codec is done with the stream: both ends ended it, or one reset it, or the tunnel died. */
  void onClosed(@Nullable Throwable cause) {
    severed = true;
    if (isInputEnded() && isOutputEnded()) {
      creditWithheld = isOpen() && !unread().isEmpty();
      if (creditWithheld) {
        tunnel.windows().withhold(unread().bytes());
      }
    } else if (isOpen()) {
      fail(cause == null ? new SocketException("Connection reset") : cause);
    }
  }

  void fail(Throwable cause) {
    severed = true;
    unread().release();
    if (!isOpen()) {
      return;
    }
    if (isRegistered()) {
      pipeline().fireExceptionCaught(cause);
      unsafe().close(voidPromise());
    } else {
      closeUnregistered();
      Consumer<Throwable> told = failedEarly;
      failedEarly = null;
      if (told != null) {
        told.accept(cause);
      }
    }
  }

  /** A turn of the keep-alive's clock; a stream that waits for its peer waits for two at most. */
  void onTick() {
    boolean closing = !isOpen() && !severed;
    boolean opening = isOpen() && failedEarly != null && tunnel.boundsOpening();
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
    if (isActive()) {
      flushUnsent();
    }
  }

  // ---- what the channel asks of the tunnel

  @Override
  void consumed(int bytes) {
    credit(bytes);
  }

  @Override
  void dropped(int bytes) {
    if (creditWithheld) {
      tunnel.windows().returnWithheld(bytes);
    }
  }

  @Override
  void sendEnd() {
    tunnel.endStream(this);
  }

  @Override
  void sendReset() {
    severed = true;
    tunnel.reset(this, Http2Error.CONNECT_ERROR);
  }

  @Override
  boolean isSevered() {
    return severed;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(tunnel.channel().eventLoop());
  }

  private void credit(int bytes) {
    if (bytes == 0) {
      return;
    }
    if (!severed) {
      tunnel.windows().credit(stream, bytes);
    } else if (creditWithheld) {
      tunnel.windows().returnWithheld(bytes);
    }
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
          tunnel.stalled().later(this);
          break;
        }
        if (!tunnel.takes(this)) {
          tunnel.stalled().add(this);
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
    written(out);
  }

  private static String name(long errorCode) {
    Http2Error error = Http2Error.valueOf(errorCode);
    return "RST_STREAM " + (error == null ? Long.toHexString(errorCode) : error);
  }
}
