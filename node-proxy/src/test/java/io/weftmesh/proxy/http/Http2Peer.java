package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a {@link Wire} that speaks HTTP/2, played by the test with Netty's codec, frame
 * by frame. What came is kept as text, by stream.
 */
final class Http2Peer {
  private final Wire wire;
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  private final EmbeddedChannel channel;
  private final Frames frames = new Frames();
  private final Map<Integer, Stream> streams = new LinkedHashMap<>();
  private final List<Integer> untold = new ArrayList<>();

  /** GOAWAYs and answers to pings. */
  final List<String> connection = new ArrayList<>();

  private boolean outputHeld;

  /** Whether what comes is acknowledged, so that more may come. */
  boolean reads = true;

  static Http2Peer client(Wire wire) {
    return new Http2Peer(wire, Http2FrameCodecBuilder.forClient(), settings());
  }

  static Http2Peer server(Wire wire) {
    return server(wire, settings());
  }

  static Http2Peer server(Wire wire, Http2Settings settings) {
    return new Http2Peer(wire, Http2FrameCodecBuilder.forServer(), settings);
  }

  private static Http2Settings settings() {
    return new Http2Settings().maxHeaderListSize(1 << 20);
  }

  private Http2Peer(Wire wire, Http2FrameCodecBuilder builder, Http2Settings settings) {
    this.wire = wire;
    Http2FrameCodec codec =
        builder
            .initialSettings(settings)
            .validateHeaders(false)
            .decoupleCloseAndGoAway(true)
            .encoderIgnoreMaxHeaderListSize(true)
            .build();
    channel = new EmbeddedChannel();
    channel.config().setAllocator(allocator);
    channel.pipeline().addLast(codec, frames);
    pump();
  }

  /** What came on one stream. */
  final class Stream {
    final Http2FrameStream stream;
    final StringBuilder got = new StringBuilder();
    int unread;

    Stream(Http2FrameStream stream) {
      this.stream = stream;
    }

    int id() {
      return stream.id();
    }

    Stream headers(boolean end, String... namesAndValues) {
      Http2Headers headers = new DefaultHttp2Headers(false);
      for (int i = 0; i < namesAndValues.length; i += 2) {
        headers.add(namesAndValues[i], namesAndValues[i + 1]);
      }
      return write(new DefaultHttp2HeadersFrame(headers, end));
    }

    Stream data(String text, boolean end) {
      ByteBuf bytes = allocator.buffer(text.length() + 1);
      bytes.writeCharSequence(text, StandardCharsets.ISO_8859_1);
      return write(new DefaultHttp2DataFrame(bytes, end));
    }

    Stream reset(Http2Error error) {
      return write(new DefaultHttp2ResetFrame(error));
    }

    private Stream write(Http2StreamFrame frame) {
      channel.write(frame.stream(stream));
      channel.flush();
      if (streams.putIfAbsent(stream.id(), this) == null) {
        untold.remove(Integer.valueOf(stream.id()));
      }
      pump();
      return this;
    }

    /** What has come since the last call. */
    String got() {
      pump();
      String text = got.toString();
      got.setLength(0);
      return text;
    }

    /** Takes what came and was not read, and lets as much more come. */
    void read() {
      int bytes = unread;
      unread = 0;
      if (bytes > 0) {
        channel.write(new DefaultHttp2WindowUpdateFrame(bytes).stream(stream));
        channel.flush();
      }
      pump();
    }
  }

  /** Begins a request. */
  Stream request(boolean end, String... namesAndValues) {
    return new Stream(frames.newStream()).headers(end, namesAndValues);
  }

  Stream get(String path) {
    return request(true, ":method", "GET", ":scheme", "http", ":authority", "cart", ":path", path);
  }

  Stream post(String path) {
    return request(
        false, ":method", "POST", ":scheme", "http", ":authority", "cart", ":path", path);
  }

  /** The next request that came. */
  Stream next() {
    pump();
    if (untold.isEmpty()) {
      throw new AssertionError("no request came; on the connection: " + connection);
    }
    return streams.get(untold.removeFirst());
  }

  boolean hasNext() {
    pump();
    return !untold.isEmpty();
  }

  void goAway(int extraStreams) {
    DefaultHttp2GoAwayFrame frame = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
    frame.setExtraStreamIds(extraStreams);
    channel.writeAndFlush(frame);
    pump();
  }

  /** Sends bytes past the codec. */
  void raw(byte[] bytes) {
    channel.runPendingTasks();
    pump();
    if (wire.isActive()) {
      wire.writeInbound(wire.alloc().buffer().writeBytes(bytes));
    }
    pump();
  }

  /** From here on nothing is sent, as if the network were slow. */
  void holdOutput() {
    outputHeld = true;
  }

  void releaseOutput() {
    outputHeld = false;
    pump();
  }

  /** Whether the test's own codec still speaks. */
  boolean isSpeaking() {
    return channel.isActive();
  }

  boolean isOpen() {
    pump();
    return wire.isActive();
  }

  /** Carries bytes to and fro until there are none. */
  void pump() {
    boolean moved = true;
    while (moved) {
      moved = false;
      wire.runPendingTasks();
      for (ByteBuf out = wire.readOutbound(); out != null; out = wire.readOutbound()) {
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        out.release();
        if (channel.isActive()) {
          channel.writeInbound(channel.alloc().buffer().writeBytes(bytes));
        }
        moved = true;
      }
      channel.runPendingTasks();
      for (ByteBuf out = held(); out != null; out = held()) {
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        out.release();
        if (wire.isActive() && bytes.length > 0) {
          wire.writeInbound(wire.alloc().buffer().writeBytes(bytes));
          moved = true;
        }
      }
    }
  }

  private @Nullable ByteBuf held() {
    return outputHeld ? null : channel.readOutbound();
  }

  void close() {
    channel.finishAndReleaseAll();
  }

  private final class Frames extends Http2ChannelDuplexHandler {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      try {
        switch (message) {
          case Http2StreamFrame frame when frame.stream() != null -> onStream(frame);
          case Http2GoAwayFrame frame ->
              connection.add(
                  "GOAWAY " + frame.lastStreamId() + " " + Http2Error.valueOf(frame.errorCode()));
          case Http2PingFrame frame -> connection.add(frame.ack() ? "PONG" : "PING");
          default -> {
            // Settings.
          }
        }
      } finally {
        ReferenceCountUtil.release(message);
      }
    }

    private void onStream(Http2StreamFrame frame) {
      Stream stream =
          streams.computeIfAbsent(
              frame.stream().id(),
              id -> {
                untold.add(id);
                return new Stream(frame.stream());
              });
      switch ((Http2Frame) frame) {
        case Http2HeadersFrame headers -> {
          headers
              .headers()
              .forEach(field ->
                  stream
                      .got
                      .append(field.getKey())
                      .append('=')
                      .append(field.getValue())
                      .append(' '));
          stream.got.append(headers.isEndStream() ? "END" : "| ");
        }
        case Http2DataFrame data -> {
          stream.got.append(data.content().toString(StandardCharsets.ISO_8859_1));
          stream.got.append(data.isEndStream() ? "END" : "");
          stream.unread += data.initialFlowControlledBytes();
          if (reads) {
            stream.read();
          }
        }
        case Http2ResetFrame reset ->
            stream.got.append("RST ").append(Http2Error.valueOf(reset.errorCode()));
        default -> {
          // Window updates.
        }
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      connection.add(cause.toString());
    }
  }
}
