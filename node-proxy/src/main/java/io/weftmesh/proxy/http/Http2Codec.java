package io.weftmesh.proxy.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/**
 * Netty's own HTTP/2 codec, set for applications. Its bounds that are left as they are: 10,000
 * queued control frames (floods of PING and SETTINGS), 2 consecutive empty DATA frames, 16 small
 * CONTINUATION frames, frames of 16 KiB: each is passed on whole, so that is what a stream moves
 * before another has its turn. Server push and extended CONNECT (RFC 8441) are not offered.
 */
final class Http2Codec extends Http2FrameCodecBuilder {
  /**
   * What a peer may send on one stream before it was passed on: at a round trip of a millisecond,
   * one stream moves 8 Gbit/s.
   */
  static final int STREAM_WINDOW_BYTES = 1 << 20;

  /**
   * What a peer may send on all streams together before it was passed on. This bounds what a
   * connection can make the proxy hold, and how many stuck streams it takes to stop the others.
   */
  static final int CONNECTION_WINDOW_BYTES = 8 << 20;

  /**
   * On a client's connection; a client that wants more at a time waits, or opens another one. As
   * many as Go's server has, which most gRPC clients have met.
   */
  static final int MAX_CLIENT_STREAMS = 250;

  /**
   * Netty's default of 200 in 30 s would end the connection of an honest client as soon as a
   * backend is slow and seven requests a second run into their deadline; and since cancels are
   * passed on, ours to the endpoint too. A reset costs as much as a request: 1,000 a second are a
   * few percent of a loop, and all that a "rapid reset" can buy.
   */
  private static final int MAX_RESETS_PER_WINDOW = 10_000;

  private static final int RESET_WINDOW_SECONDS = 10;

  private final Runnable headTooLarge;

  private Http2Codec(boolean server, int maxHeadBytes, Runnable headTooLarge) {
    this.headTooLarge = headTooLarge;
    Http2Connection connection = new DefaultHttp2Connection(server, 0);
    // Before the builder would give it a weighted one: RFC 9113, 5.3.2 has done with priorities.
    connection
        .remote()
        .flowController(
            new DefaultHttp2RemoteFlowController(
                connection, new UniformStreamByteDistributor(connection)));
    connection(connection);
    Http2Settings settings =
        new Http2Settings().initialWindowSize(STREAM_WINDOW_BYTES).maxHeaderListSize(maxHeadBytes);
    if (server) {
      settings.maxConcurrentStreams(MAX_CLIENT_STREAMS);
    } else {
      settings.pushEnabled(false);
      // Advice for us (RFC 9113, 6.5.2); the endpoint's own answer is better than none.
      encoderIgnoreMaxHeaderListSize(true);
    }
    initialSettings(settings);
    decoderEnforceMaxRstFramesPerWindow(MAX_RESETS_PER_WINDOW, RESET_WINDOW_SECONDS);
    encoderEnforceMaxRstFramesPerWindow(MAX_RESETS_PER_WINDOW, RESET_WINDOW_SECONDS);
    // GOAWAYs are sent in two steps, by the session.
    decoupleCloseAndGoAway(true);
    flushPreface(false);
  }

  /**
   * For an application's connection.
   *
   * @param headTooLarge told of each request that was answered 431 because of its size
   */
  static Http2FrameCodec server(int maxHeadBytes, Runnable headTooLarge) {
    return new Http2Codec(true, maxHeadBytes, headTooLarge).build();
  }

  /** For a connection to an endpoint. */
  static Http2FrameCodec client(int maxHeadBytes) {
    return new Http2Codec(false, maxHeadBytes, () -> {}).build();
  }

  @Override
  protected Http2FrameCodec build(
      Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
    return isServer()
        ? new ServerCodec(encoder, decoder, settings, headTooLarge)
        : super.build(decoder, encoder, settings);
  }

  /** The codec towards applications, whose errors it knows to tell apart and to explain. */
  private static final class ServerCodec extends Http2FrameCodec {
    private final Runnable headTooLarge;
    private final StreamHistory history;

    ServerCodec(
        Http2ConnectionEncoder encoder,
        Http2ConnectionDecoder decoder,
        Http2Settings settings,
        Runnable headTooLarge) {
      super(encoder, decoder, settings, true, false);
      this.headTooLarge = headTooLarge;
      this.history = new StreamHistory(encoder.connection());
    }

    @Override
    public void onError(ChannelHandlerContext ctx, boolean outbound, Throwable cause) {
      boolean theirs = !outbound && cause instanceof Http2Exception.StreamException;
      super.onError(
          ctx, outbound, theirs ? history.judge((Http2Exception.StreamException) cause) : cause);
    }

    /** Netty's own answer has a status alone. */
    @Override
    protected void handleServerHeaderDecodeSizeError(
        ChannelHandlerContext ctx, Http2Stream stream) {
      headTooLarge.run();
      encoder()
          .writeHeaders(
              ctx,
              stream.id(),
              ErrorAnswer.bodiless(ErrorReason.HEADERS_TOO_LARGE),
              0,
              true,
              ctx.newPromise());
    }
  }
}
