package io.weftmesh.proxy.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
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
import io.netty.util.concurrent.ScheduledFuture;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/2 connection that carries CONNECT streams: what both of its ends have in common. It is
 * the one handler behind the stock codec, with a map from stream to {@link TunnelStream}; the
 * codec's own channel per stream costs too much.
 *
 * <p>A tunnel with streams is pinged at each interval and is dead when nothing at all has come from
 * the peer for two of them; a tunnel without is closed when it has been idle long enough.
 *
 * <p>Confined to the event loop of its channel.
 */
abstract class Tunnel extends Http2ChannelDuplexHandler {
  private static final Logger log = LoggerFactory.getLogger(Tunnel.class);

  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final Http2Connection connection;
  private final IntObjectMap<TunnelStream> streams = new IntObjectHashMap<>();
  private final ArrayDeque<TunnelStream> readCompleteDue = new ArrayDeque<>();
  private final StalledStreams<TunnelStream> stalled =
      new StalledStreams<>(
          task -> context().executor().execute(task),
          stream -> !stream.isActive() || takes(stream),
          TunnelStream::onWritable);

  @SuppressWarnings("NullAway.Init") // given by handlerAdded, before anything else is called
  private ChannelHandlerContext ctx;

  @SuppressWarnings("NullAway.Init") // with the former
  private FlowWindows windows;

  private @Nullable ScheduledFuture<?> ticker;
  private @Nullable Throwable lost;
  private String peer = "";
  private boolean heard;
  private boolean pinged;
  private int silentTicks;
  private int idleTicks;

  Tunnel(Http2FrameCodec codec, TunnelSettings settings, TunnelMetrics.Side metrics) {
    this.connection = codec.connection();
    this.settings = settings;
    this.metrics = metrics;
  }

  // ---- what the two ends do differently

  abstract void onHeaders(Http2HeadersFrame frame);

  abstract void onGoAway(int lastStreamId, long errorCode);

  abstract void onSettings();

  /** A stream is gone. */
  abstract void onStreamGone();

  /** How long a tunnel without streams is kept. */
  abstract Duration idleTimeout();

  /** It was without streams for so long. */
  abstract void onIdle();

  /** Whether it is for this end to give up on a stream that isn't accepted. */
  abstract boolean boundsOpening();

  /** The connection is gone; all streams have been told. */
  abstract void onInactive();

  // ---- for the streams

  final Channel channel() {
    return ctx.channel();
  }

  final void writeData(TunnelStream stream, ByteBuf data) {
    ctx.write(new DefaultHttp2DataFrame(data, false).stream(stream.frameStream()));
  }

  final void endStream(TunnelStream stream) {
    ctx.write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true).stream(stream.frameStream()));
    flush();
  }

  final void reset(TunnelStream stream, Http2Error error) {
    metrics.resetSent();
    ctx.write(new DefaultHttp2ResetFrame(error).stream(stream.frameStream()));
    flush();
  }

  final FlowWindows windows() {
    return windows;
  }

  final boolean takes(TunnelStream stream) {
    return windows.takes(stream.stream());
  }

  /** Encodes what was written; it leaves at the turn's end. */
  final void flush() {
    ctx.flush();
  }

  final void readCompleteLater(TunnelStream stream) {
    readCompleteDue.add(stream);
  }

  /** Streams that have found no room, see {@link #takes}, or have had their turn. */
  final StalledStreams<TunnelStream> stalled() {
    return stalled;
  }

  // ---- streams come and go

  final ChannelHandlerContext context() {
    return ctx;
  }

  final Http2Connection connection() {
    return connection;
  }

  final @Nullable TunnelStream stream(int id) {
    return streams.get(id);
  }

  final void add(TunnelStream stream) {
    streams.put(stream.frameStream().id(), stream);
    idleTicks = 0;
    metrics.streamOpened();
  }

  final int openStreams() {
    return streams.size();
  }

  private void onStreamClosed(int id) {
    TunnelStream stream = streams.remove(id);
    if (stream == null) {
      return;
    }
    metrics.streamClosed();
    stalled.remove(stream);
    stream.onClosed(whyClosed(id));
    onStreamGone();
  }

  private @Nullable Throwable whyClosed(int id) {
    if (connection.goAwayReceived() && id > connection.local().lastStreamKnownByPeer()) {
      return NotProcessed.byGoAway();
    }
    if (ctx.channel().isActive()) {
      return null;
    }
    return new SocketException(
        "Connection reset: the tunnel to "
            + peer
            + " was lost"
            + (lost == null ? "" : ": " + lost.getMessage()));
  }

  // ---- the connection

  @Override
  protected final void handlerAdded0(ChannelHandlerContext ctx) throws Exception {
    this.ctx = ctx;
    windows = new FlowWindows(connection, ctx);
    peer = String.valueOf(ctx.channel().remoteAddress());
    connection.addListener(
        new Http2ConnectionAdapter() {
          @Override
          public void onStreamClosed(Http2Stream stream) {
            Tunnel.this.onStreamClosed(stream.id());
          }
        });
    connection.remote().flowController().listener(this::onWritability);
    windows.open(HboneCodec.CONNECTION_WINDOW_BYTES);
    metrics.tunnelOpened();
    long intervalNanos = settings.pingInterval().toNanos();
    ticker =
        ctx.executor()
            .scheduleWithFixedDelay(
                this::onTick, intervalNanos, intervalNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public final void channelRead(ChannelHandlerContext ctx, Object message) {
    heard = true;
    try {
      switch (message) {
        case Http2DataFrame frame -> onData(frame);
        case Http2HeadersFrame frame -> onHeaders(frame);
        case Http2ResetFrame frame -> onReset(frame);
        case Http2PingFrame frame -> onPing(frame);
        case Http2GoAwayFrame frame -> {
          metrics.goAwayReceived();
          onGoAway(frame.lastStreamId(), frame.errorCode());
        }
        case Http2SettingsFrame frame -> onSettings();
        default -> {
          // WINDOW_UPDATE and acknowledgements are the codec's own; unknown frames mean nothing.
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void onData(Http2DataFrame frame) {
    TunnelStream stream = streams.get(frame.stream().id());
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

  private void onReset(Http2ResetFrame frame) {
    metrics.resetReceived();
    TunnelStream stream = streams.get(frame.stream().id());
    if (stream != null) {
      if (frame.errorCode() == Http2Error.REFUSED_STREAM.code()) {
        stream.fail(NotProcessed.byReset());
      } else {
        stream.onReset(frame.errorCode());
      }
    }
  }

  /** Acknowledging is the codec's. */
  void onPing(Http2PingFrame frame) {}

  @Override
  public final void channelReadComplete(ChannelHandlerContext ctx) {
    for (TunnelStream stream = readCompleteDue.poll();
        stream != null;
        stream = readCompleteDue.poll()) {
      stream.onReadComplete();
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
    TunnelStream stream = streams.get(changed.id());
    if (stream != null) {
      stalled.onWritability(stream);
    }
  }

  private void onTick() {
    for (TunnelStream stream : List.copyOf(streams.values())) {
      stream.onTick();
    }
    if (streams.isEmpty()) {
      pinged = false;
      idleTicks++;
      if (settings.pingInterval().multipliedBy(idleTicks).compareTo(idleTimeout()) >= 0) {
        onIdle();
      }
      return;
    }
    silentTicks = heard || !pinged ? 0 : silentTicks + 1;
    if (silentTicks >= settings.silentPings()) {
      metrics.failed("ping");
      lost = new SocketException("nothing came for " + settings.pingTimeout());
      ctx.close();
      return;
    }
    heard = false;
    pinged = true;
    ping(0);
  }

  final void ping(long content) {
    ctx.write(new DefaultHttp2PingFrame(content));
    flush();
  }

  /** {@code extraStreams}: how many more the peer may open before it has heard of this. */
  final void sendGoAway(int extraStreams) {
    metrics.goAwaySent();
    DefaultHttp2GoAwayFrame frame = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
    frame.setExtraStreamIds(extraStreams);
    ctx.write(frame);
    flush();
  }

  /** Closes the connection when all that was written has left. */
  final void close() {
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof Http2FrameStreamException streamError) {
      // The codec leaves it to its user to answer for streams that the user knows.
      metrics.resetSent();
      ctx.write(new DefaultHttp2ResetFrame(streamError.error()).stream(streamError.stream()));
      flush();
      TunnelStream stream = streams.get(streamError.stream().id());
      if (stream != null) {
        stream.fail(new SocketException("Connection reset: " + cause.getMessage()));
      }
      return;
    }
    log.debug("{} failed", ctx.channel(), cause);
    if (lost == null) {
      lost = cause;
      metrics.failed(cause instanceof Http2Exception ? "protocol" : "io");
    }
    if (!(cause instanceof Http2Exception)) {
      // The codec answers its own errors with a GOAWAY and closes.
      ctx.close();
    }
  }

  @Override
  public final void channelInactive(ChannelHandlerContext ctx) {
    if (ticker != null) {
      ticker.cancel(false);
    }
    for (TunnelStream stream : List.copyOf(streams.values())) {
      onStreamClosed(stream.frameStream().id());
    }
    metrics.tunnelClosed();
    onInactive();
  }
}
