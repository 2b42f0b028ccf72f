package io.weftmesh.proxy.tunnel;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The end of a tunnel that opens streams. Retired, it takes no new ones and closes with its last.
 */
final class ClientTunnel extends Tunnel {
  /** What a peer surely takes before it has said how many it takes. */
  private static final int STREAMS_BEFORE_SETTINGS = 100;

  /** The pool's side of it; called on the tunnel's loop. */
  interface Owner {
    /** There may be room for another stream. */
    void onRoom(ClientTunnel tunnel);

    /** No new stream is to be opened; the tunnel closes with its last. */
    void onRetired(ClientTunnel tunnel);

    void onClosed(ClientTunnel tunnel);

    /** The peer did nothing with this request: it may go elsewhere. */
    void again(ClientTunnel tunnel, StreamRequest request);
  }

  private final Owner owner;
  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final IntObjectMap<StreamRequest> requests = new IntObjectHashMap<>();
  private boolean settled;
  private boolean retired;
  private boolean closing;

  ClientTunnel(
      Http2FrameCodec codec, TunnelSettings settings, TunnelMetrics.Side metrics, Owner owner) {
    super(codec, settings, metrics);
    this.settings = settings;
    this.metrics = metrics;
    this.owner = owner;
  }

  boolean isRetired() {
    return retired;
  }

  /** Whether the peer has said how many streams it takes. */
  boolean isSettled() {
    return settled;
  }

  boolean hasRoom() {
    int bound = settled ? settings.maxStreams() : STREAMS_BEFORE_SETTINGS;
    return !retired && openStreams() < bound && connection().local().canOpenStream();
  }

  void open(StreamRequest request) {
    Http2Headers headers =
        new DefaultHttp2Headers(false)
            .method(HttpMethod.CONNECT.asciiName())
            .authority(request.authority());
    Http2FrameStream frameStream = newStream();
    context().write(new DefaultHttp2HeadersFrame(headers, false).stream(frameStream));
    Http2Stream opened = connection().stream(frameStream.id());
    if (opened == null) {
      // Out of stream ids, or the connection is on its way down.
      retire();
      owner.again(this, request);
      return;
    }
    TunnelStream stream =
        new TunnelStream(this, frameStream, opened, request.client(), request.target());
    requests.put(frameStream.id(), request);
    stream.onFailedEarly(cause -> onFailedEarly(frameStream.id(), cause));
    add(stream);
    flush();
    request
        .promise()
        .addListener(done -> {
          if (done.isCancelled() && requests.remove(frameStream.id()) != null) {
            stream.abandon(Http2Error.CANCEL);
          }
        });
  }

  private void onFailedEarly(int id, Throwable cause) {
    StreamRequest request = requests.remove(id);
    if (request == null) {
      return;
    }
    if (cause instanceof NotProcessed) {
      owner.again(this, request);
    } else {
      request.fail(cause);
    }
  }

  @Override
  void onHeaders(Http2HeadersFrame frame) {
    int id = frame.stream().id();
    TunnelStream stream = stream(id);
    if (stream == null) {
      return;
    }
    StreamRequest request = requests.get(id);
    CharSequence status = frame.headers().status();
    if (request == null) {
      // Trailers: they mean nothing in a tunnel, their END_STREAM does.
      end(stream, frame);
    } else if (status != null && status.length() == 3 && status.charAt(0) == '1') {
      return;
    } else if (status != null && status.length() == 3 && status.charAt(0) == '2') {
      requests.remove(id);
      stream.accept();
      end(stream, frame);
      if (!request.promise().trySuccess(stream)) {
        stream.config().setOption(ChannelOption.SO_LINGER, 0);
        stream.close();
      }
    } else {
      requests.remove(id);
      stream.abandon(Http2Error.CANCEL);
      metrics.refused(status == null ? "malformed" : status.toString());
      request.fail(refusal(request, status, frame.headers().get(HboneHeaders.ERROR)));
    }
  }

  private static void end(TunnelStream stream, Http2HeadersFrame frame) {
    if (frame.isEndStream()) {
      stream.onData(Unpooled.EMPTY_BUFFER, 0, true);
    }
  }

  private static Unreachable refusal(
      StreamRequest request, @Nullable CharSequence status, @Nullable CharSequence error) {
    String answer = status == null ? "no status" : status.toString();
    Unreachable.Reason reason =
        switch (answer) {
          case "401", "403" -> Unreachable.Reason.DENIED;
          case "400", "404" -> Unreachable.Reason.GONE;
          default -> Unreachable.Reason.REFUSED;
        };
    return new Unreachable(
        reason,
        "the proxy of "
            + request.authority()
            + " answered "
            + answer
            + " to CONNECT"
            + (error == null ? "" : ": " + HboneHeaders.printable(error)));
  }

  @Override
  void onSettings() {
    settled = true;
    owner.onRoom(this);
  }

  @Override
  void onGoAway(int lastStreamId, long errorCode) {
    retire();
  }

  /** Takes no further stream. */
  void retire() {
    if (!retired) {
      retired = true;
      owner.onRetired(this);
    }
    closeIfDone();
  }

  @Override
  void onStreamGone() {
    if (retired) {
      closeIfDone();
    } else {
      owner.onRoom(this);
    }
  }

  private void closeIfDone() {
    if (openStreams() == 0 && !closing && channel().isActive()) {
      closing = true;
      sendGoAway(0);
      close();
    }
  }

  @Override
  boolean boundsOpening() {
    return true;
  }

  @Override
  Duration idleTimeout() {
    return settings.idleTimeout();
  }

  @Override
  void onIdle() {
    retire();
  }

  @Override
  void onInactive() {
    retired = true;
    owner.onClosed(this);
  }
}
