package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.List;

/** What the proxy says on a connection of HTTP/2, read without a thought for what it may say. */
final class FrameLog extends ByteToMessageDecoder {
  private final DefaultHttp2FrameReader reader = new DefaultHttp2FrameReader(false);
  private final EmbeddedChannel channel = new EmbeddedChannel(this);
  private final List<String> log = new ArrayList<>();

  /**
   * Heads, resets and GOAWAYs that came: {@code 1=200}, {@code 1=400 bad_request}, {@code 1=RST
   * CANCEL}, {@code GOAWAY NO_ERROR}.
   */
  List<String> read(Wire wire) {
    wire.runPendingTasks();
    for (ByteBuf bytes = wire.readOutbound(); bytes != null; bytes = wire.readOutbound()) {
      channel.writeInbound(bytes);
    }
    return log;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws Http2Exception {
    reader.readFrame(ctx, in, new Listener());
  }

  void close() {
    channel.finishAndReleaseAll();
    reader.close();
  }

  private final class Listener extends Http2FrameAdapter {
    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx, int stream, Http2Headers headers, int padding, boolean end) {
      CharSequence error = headers.get("x-weft-error");
      if (headers.status() != null) {
        log.add(stream + "=" + headers.status() + (error == null ? "" : " " + error));
      }
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int stream, long code) {
      log.add(stream + "=RST " + Http2Error.valueOf(code));
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext ctx, int last, long code, ByteBuf debug) {
      log.add("GOAWAY " + Http2Error.valueOf(code));
    }
  }
}
