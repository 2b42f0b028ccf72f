package io.weftmesh.proxy.tunnel;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * The windows of one HTTP/2 connection (RFC 9113, 5.2): credit for what was read, given back to the
 * peer, and room for what is to be written. Confined to the connection's event loop.
 */
public final class FlowWindows {
  private final Http2Connection connection;
  private final ChannelHandlerContext ctx;

  /**
   * @param ctx of the handler behind the codec
   */
  public FlowWindows(Http2Connection connection, ChannelHandlerContext ctx) {
    this.connection = connection;
    this.ctx = ctx;
  }

  /** Lets the peer send so much on all streams together before any reader took anything. */
  public void open(int connectionWindowBytes) {
    adjust(
        connectionWindowBytes
            - connection.local().flowController().initialWindowSize(connection.connectionStream()));
    ctx.flush();
  }

  /** Whether the stream's window, the connection's and the socket have room. */
  public boolean takes(Http2Stream stream) {
    return connection.remote().flowController().isWritable(stream);
  }

  /**
   * So many bytes of the stream were read. The codec may count fewer than came: for the frame that
   * overran a window it gives credit twice, and would take ours for one too many.
   */
  public void credit(Http2Stream stream, int bytes) {
    Http2LocalFlowController controller = connection.local().flowController();
    int owed = Math.min(bytes, controller.unconsumedBytes(stream));
    try {
      if (controller.consumeBytes(stream, owed)) {
        ctx.flush();
      }
    } catch (Http2Exception e) {
      ctx.fireExceptionCaught(e);
    }
  }

  /**
   * A stream that both ends have ended may still hold bytes that nobody has read. The codec has
   * forgotten it and given its credit back; taking as much from the connection's window keeps what
   * a peer can make us hold bounded, however many streams it opens and ends.
   */
  public void withhold(int bytes) {
    adjust(-bytes);
  }

  /** Those bytes are not held any more. */
  public void returnWithheld(int bytes) {
    adjust(bytes);
  }

  private void adjust(int bytes) {
    if (bytes == 0 || !ctx.channel().isActive()) {
      return;
    }
    try {
      connection.local().flowController().incrementWindowSize(connection.connectionStream(), bytes);
      ctx.flush();
    } catch (Http2Exception e) {
      ctx.fireExceptionCaught(e);
    }
  }
}
