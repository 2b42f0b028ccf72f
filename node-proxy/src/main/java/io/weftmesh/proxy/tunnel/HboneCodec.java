package io.weftmesh.proxy.tunnel;

import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/**
 * Netty's own HTTP/2 codec, set for tunnels. What it enforces by default and is left as it is:
 * 10,000 queued control frames, 2 consecutive empty DATA frames, small CONTINUATION frames. Strings
 * below 512 bytes, which is all that a tunnel sends, are never Huffman-coded.
 */
final class HboneCodec extends Http2FrameCodecBuilder {
  /** What a peer may send on one stream before its reader took anything. */
  static final int STREAM_WINDOW_BYTES = 4 << 20;

  /** What a peer may send on all streams together before any reader took anything. */
  static final int CONNECTION_WINDOW_BYTES = 16 << 20;

  private static final int MAX_FRAME_BYTES = 1 << 20;
  private static final int MAX_HEADER_LIST_BYTES = 16 << 10;

  /**
   * Netty's default of 200 would end a tunnel, with all its streams, as soon as a hundred clients a
   * minute abort their connections. What a reset costs here is one connect to an application, and
   * those are bounded by the number of concurrent streams.
   */
  private static final int MAX_RESETS_PER_WINDOW = 20_000;

  private static final int RESET_WINDOW_SECONDS = 30;

  private HboneCodec(boolean server, int maxStreams) {
    Http2Connection connection = new DefaultHttp2Connection(server, 0);
    // Before the builder would give it a weighted one: nobody sets priorities in a tunnel.
    connection
        .remote()
        .flowController(
            new DefaultHttp2RemoteFlowController(
                connection, new UniformStreamByteDistributor(connection)));
    connection(connection);
    Http2Settings settings =
        new Http2Settings()
            .initialWindowSize(STREAM_WINDOW_BYTES)
            .maxFrameSize(MAX_FRAME_BYTES)
            .maxHeaderListSize(MAX_HEADER_LIST_BYTES)
            .maxConcurrentStreams(maxStreams);
    if (!server) {
      settings.pushEnabled(false);
    }
    initialSettings(settings);
    decoderEnforceMaxRstFramesPerWindow(MAX_RESETS_PER_WINDOW, RESET_WINDOW_SECONDS);
    encoderEnforceMaxRstFramesPerWindow(MAX_RESETS_PER_WINDOW, RESET_WINDOW_SECONDS);
    // A tunnel sends its GOAWAYs itself, in two steps.
    decoupleCloseAndGoAway(true);
    flushPreface(false);
  }

  static Http2FrameCodec server(int maxStreams) {
    return new HboneCodec(true, maxStreams).build();
  }

  /** For the side that opens streams, and takes none. */
  static Http2FrameCodec client() {
    return new HboneCodec(false, 0).build();
  }
}
