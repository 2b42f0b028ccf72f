package io.weftmesh.proxy.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.weftmesh.proxy.tunnel.FlowWindows;
import io.weftmesh.proxy.tunnel.StalledStreams;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 connection that carries exchanges: what the side of the client and the side of the
 * endpoint have in common. It is the one handler behind the stock codec, with a map from stream to
 * {@link SessionStream}; the codec's own channel per stream costs too much.
 *
 * <p>Flow control is what holds back-pressure together: what a peer sent is passed on at once, and
 * the credit for it goes back when the other side of the exchange is writable. So what can be on
 * its way inside the proxy is bounded by {@link Http2Codec}'s windows.
 *
 * <p>Confined to the event loop of its channel.
 */
abstract class Http2Session extends Http2ChannelDuplexHandler {
  private final HttpMetrics metrics;
  private final Http2Connection connection;
  private final IntObjectMap<SessionStream> streams = new IntObjectHashMap<>();

  /** Those that were told something in this turn, whose other side has to be flushed. */
  private final ArrayDeque<SessionStream> touched = new ArrayDeque<>();

  private final StalledStreams<SessionStream> stalled =
      new StalledStreams<>(
          task -> context().executor().execute(task), SessionStream::takes, SessionStream::resume);

  @SuppressWarnings("NullAway.Init") // given by handlerAdded, before anything else is called
  private ChannelHandlerContext ctx;

  @SuppressWarnings("NullAway.Init") // with the former
  private FlowWindows windows;

  private @Nullable Throwable lost;

  Http2Session(Http2FrameCodec codec, HttpMetrics metrics) {
    this.connection = codec.connection();
    this.metrics = metrics;
  }

  // --- what the two sides do differently ---

  /** A header block of a stream that is not known: a request, at the side of the client. */
  abstract void onNewStream(Http2HeadersFrame frame);

  abstract void onGoAway();

  abstract void onSettings();

  abstract void onPingAck(long content);

  /** A stream is gone. */
  abstract void onStreamGone();

  /** The connection is gone, and all streams have been told. */
  abstract void onInactive();

  // --- for the streams ---

  final Channel channel() {
    return ctx.channel();
  }

  final ChannelHandlerContext context() {
    return ctx;
  }

  final Http2Connection connection() {
    return connection;
  }

  /** Encodes what was written; it leaves at the turn's end. */
  final void flush() {
    ctx.flush();
  }

  final FlowWindows windows() {
    return windows;
  }

  /** Streams that have found no room. */
  final StalledStreams<SessionStream> stalled() {
    return stalled;
  }

  // --- streams come and go ---

  final void add(int id, SessionStream stream) {
    streams.put(id, stream);
  }

  final int openStreams() {
    return streams.size();
  }

  private void onStreamClosed(int id) {
    SessionStream stream = streams.remove(id);
    if (stream == null) {
      return;
    }
    stalled.remove(stream);
    boolean beyond =
        connection.goAwayReceived()
            && connection.local().isValidStreamId(id)
            && id > connection.local().lastStreamKnownByPeer();
    stream.closed(beyond, ctx.channel().isActive() ? null : lost);
    onStreamGone();
  }

  // --- the connection ---

  @Override
  protected final void handlerAdded0(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    windows = new FlowWindows(connection, ctx);
    connection.addListener(
        new Http2ConnectionAdapter() {
          @Override
          public void onStreamClosed(Http2Stream stream) {
            Http2Session.this.onStreamClosed(stream.id());
          }
        });
    connection.remote().flowController().listener(this::onWritability);
    windows.open(Http2Codec.CONNECTION_WINDOW_BYTES);
  }

  @Override
  public final void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      heard();
      switch (message) {
        case Http2DataFrame frame -> onData(frame);
        case Http2HeadersFrame frame -> onHeaders(frame);
        case Http2ResetFrame frame -> {
          SessionStream stream = touch(frame.stream().id());
          if (stream != null) {
            stream.onReset(frame.errorCode());
          }
        }
        case Http2PingFrame frame -> {
          if (frame.ack()) {
            onPingAck(frame.content());
          }
        }
        case Http2GoAwayFrame frame -> onGoAway();
        case Http2SettingsFrame frame -> onSettings();
        default -> {
          // WINDOW_UPDATE and acknowledgements are the codec's own; unknown frames mean nothing.
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  /** Something came from the peer. */
  void heard() {}

  private void onHeaders(Http2HeadersFrame frame) {
    SessionStream stream = touch(frame.stream().id());
    if (stream != null) {
      stream.onHeaders(frame.headers(), frame.isEndStream());
    } else {
      onNewStream(frame);
    }
  }

  private void onData(Http2DataFrame frame) {
    SessionStream stream = touch(frame.stream().id());
    if (stream != null) {
      stream.onData(
          frame.content().retain(), frame.initialFlowControlledBytes(), frame.isEndStream());
      return;
    }
    Http2Stream unknown = connection.stream(frame.stream().id());
    if (unknown != null) {
      windows.credit(unknown, frame.initialFlowControlledBytes());
    }
  }

  private @Nullable SessionStream touch(int id) {
    SessionStream stream = streams.get(id);
    if (stream != null) {
      touched(stream);
    }
    return stream;
  }

  /** The other side of the stream's exchange is flushed when all that came was read. */
  final void touched(SessionStream stream) {
    if (stream.claimFlush()) {
      touched.add(stream);
    }
  }

  @Override
  public final void channelReadComplete(ChannelHandlerContext ctx) {
    for (SessionStream stream = touched.poll(); stream != null; stream = touched.poll()) {
      stream.flushOtherSide();
    }
  }

  @Override
  public final void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      stalled.onChannelWritable();
    }
    ctx.fireChannelWritabilityChanged();
  }

  private void onWritability(Http2Stream changed) {
    SessionStream stream = streams.get(changed.id());
    if (stream != null) {
      stalled.onWritability(stream);
    }
  }

  final void ping(long content) {
    ctx.write(new DefaultHttp2PingFrame(content));
    flush();
  }

  /** {@code extraStreams}: how many more the peer may open before it has heard of this. */
  final void sendGoAway(int extraStreams) {
    DefaultHttp2GoAwayFrame frame = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
    frame.setExtraStreamIds(extraStreams);
    ctx.write(frame);
    flush();
  }

  /** Closes the connection when all that was written has left. */
  final void closeAfterWrites() {
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Closes the connection at once, and says why as far as the peer still listens. */
  final void giveUp(Http2Error error, Throwable why) {
    ctx.write(new DefaultHttp2GoAwayFrame(error));
    flush();
    close(why);
  }

  /** Closes the connection at once. */
  final void close(Throwable why) {
    lost = why;
    ctx.close();
  }

  @Override
  public final void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      // Nobody can hear of window updates any more, nor say that it is done.
      ctx.close();
    }
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof Http2FrameStreamException streamError) {
      SessionStream stream = streams.get(streamError.stream().id());
      if (stream != null) {
        stream.onError(streamError);
        stream.flushOtherSide();
      } else {
        // The codec leaves it to its user to answer for streams that the user may know.
        ctx.write(new DefaultHttp2ResetFrame(streamError.error()).stream(streamError.stream()));
        flush();
      }
      return;
    }
    if (lost == null) {
      lost = cause;
    }
    if (!(cause instanceof Http2Exception)) {
      // The codec answers its own errors with a GOAWAY and closes.
      metrics.ended(ctx.channel(), cause);
      ctx.close();
    }
  }

  @Override
  public final void channelInactive(ChannelHandlerContext ctx) {
    for (Integer id : List.copyOf(streams.keySet())) {
      onStreamClosed(id);
    }
    onInactive();
  }
}
