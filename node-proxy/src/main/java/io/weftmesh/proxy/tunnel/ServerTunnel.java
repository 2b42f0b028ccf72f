package io.weftmesh.proxy.tunnel;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.util.concurrent.Future;
import io.weftmesh.ca.api.SpiffeId;
import io.weftmesh.proxy.routing.Security;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a tunnel that a peer opened to a pod of this node: checks each CONNECT, has it
 * dialled, and answers 200 only when the application has accepted.
 */
final class ServerTunnel extends Tunnel {
  /** Marks the ping whose answer says that the peer has read the first GOAWAY. */
  private static final long DRAIN_PING = 0x77656674_64726169L;

  /** How long a peer that answers no ping is given to read the first GOAWAY. */
  private static final Duration DRAIN_STEP = Duration.ofSeconds(1);

  private final TunnelSettings settings;
  private final TunnelMetrics.Side metrics;
  private final InboundStreams inbound;
  private final LocalPod pod;
  private final SpiffeId peer;
  private final InetSocketAddress peerAddress;
  private boolean draining;
  private boolean drained;
  private boolean closing;

  ServerTunnel(
      Http2FrameCodec codec,
      TunnelSettings settings,
      TunnelMetrics.Side metrics,
      InboundStreams inbound,
      LocalPod pod,
      SpiffeId peer,
      InetSocketAddress peerAddress) {
    super(codec, settings, metrics);
    this.settings = settings;
    this.metrics = metrics;
    this.inbound = inbound;
    this.pod = pod;
    this.peer = peer;
    this.peerAddress = peerAddress;
  }

  @Override
  void onHeaders(Http2HeadersFrame frame) {
    TunnelStream known = stream(frame.stream().id());
    if (known == null) {
      onConnect(frame);
    } else if (frame.isEndStream()) {
      // Trailers: they mean nothing in a tunnel, their END_STREAM does.
      known.onData(Unpooled.EMPTY_BUFFER, 0, true);
    }
  }

  private void onConnect(Http2HeadersFrame frame) {
    Http2Headers headers = frame.headers();
    CharSequence method = headers.method();
    if (method == null || !HttpMethod.CONNECT.asciiName().contentEquals(method)) {
      refuse(frame, "405", "method", "only CONNECT is spoken on this port, not " + method);
      return;
    }
    CharSequence authority = headers.authority();
    if (authority == null
        || headers.path() != null
        || headers.scheme() != null
        || headers.contains(Http2Headers.PseudoHeaderName.PROTOCOL.value())) {
      refuse(frame, "400", "malformed", "a CONNECT has :method and :authority and no other");
      return;
    }
    InetSocketAddress destination = Authority.parse(authority);
    if (destination == null) {
      refuse(frame, "400", "malformed", ":authority is not an IP address and a port");
    } else if (!pod.workload().addresses().contains(destination.getAddress())) {
      refuse(frame, "400", "foreign", authority + " is not an address of this pod");
    } else if (OwnPorts.contains(destination.getPort())) {
      refuse(frame, "400", "own_port", "port " + destination.getPort() + " is the proxy's own");
    } else {
      dial(frame, destination);
    }
  }

  private void dial(Http2HeadersFrame frame, InetSocketAddress destination) {
    Http2FrameStream frameStream = frame.stream();
    TunnelStream stream =
        new TunnelStream(
            this, frameStream, connection().stream(frameStream.id()), destination, peerAddress);
    add(stream);
    if (frame.isEndStream()) {
      stream.onData(Unpooled.EMPTY_BUFFER, 0, true);
    }
    Caller caller = new Caller(peer, peerAddress, Security.MTLS);
    Future<DuplexChannel> dialled = inbound.dial(channel().eventLoop(), pod, caller, destination);
    stream.onFailedEarly(cause -> dialled.cancel(false));
    dialled.addListener(done -> onDialled(stream, caller, destination, dialled));
  }

  private void onDialled(
      TunnelStream stream,
      Caller caller,
      InetSocketAddress destination,
      Future<DuplexChannel> dialled) {
    if (!dialled.isSuccess()) {
      if (stream.isOpen()) {
        refuse(stream, dialled.cause());
      }
      return;
    }
    DuplexChannel application = dialled.getNow();
    if (!stream.isOpen()) {
      application.config().setOption(ChannelOption.SO_LINGER, 0);
      application.close();
      return;
    }
    context()
        .write(
            new DefaultHttp2HeadersFrame(new DefaultHttp2Headers(false).status("200"), false)
                .stream(stream.frameStream()));
    flush();
    stream.accept();
    inbound.relay(stream, application, pod, caller, destination);
  }

  private void refuse(TunnelStream stream, @Nullable Throwable cause) {
    Refused.Reason reason =
        cause instanceof Refused refused ? refused.reason() : Refused.Reason.UNREACHABLE;
    metrics.refused(reason == Refused.Reason.DENIED ? "denied" : "unreachable");
    answer(
        stream.frameStream(),
        Integer.toString(reason.status()),
        cause == null ? "not reachable" : String.valueOf(cause.getMessage()));
    stream.abandon(Http2Error.NO_ERROR);
  }

  private void refuse(Http2HeadersFrame frame, String status, String reason, String error) {
    metrics.refused(reason);
    answer(frame.stream(), status, error);
    // The peer needn't say its part to the end (RFC 9113, 8.1).
    context().write(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR).stream(frame.stream()));
    flush();
  }

  private void answer(Http2FrameStream stream, String status, String error) {
    Http2Headers headers =
        new DefaultHttp2Headers(false)
            .status(status)
            .set(HboneHeaders.ERROR, HboneHeaders.printable(error));
    context().write(new DefaultHttp2HeadersFrame(headers, true).stream(stream));
  }

  // ---- ending

  /**
   * Tells the peer to open no more streams here, in the two steps of RFC 9113, 6.8: streams that it
   * opens before it has read the first GOAWAY are served; those after the second it opens
   * elsewhere. The connection closes with its last stream.
   */
  void drain() {
    if (draining || !channel().isActive()) {
      return;
    }
    draining = true;
    sendGoAway(Integer.MAX_VALUE);
    ping(DRAIN_PING);
    context().executor().schedule(this::drainOn, DRAIN_STEP.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  void onPing(Http2PingFrame frame) {
    if (draining && frame.ack() && frame.content() == DRAIN_PING) {
      drainOn();
    }
  }

  private void drainOn() {
    if (!drained && channel().isActive()) {
      drained = true;
      sendGoAway(0);
      closeIfDone();
    }
  }

  private void closeIfDone() {
    if (drained && !closing && openStreams() == 0 && channel().isActive()) {
      closing = true;
      close();
    }
  }

  @Override
  void onStreamGone() {
    closeIfDone();
  }

  @Override
  void onGoAway(int lastStreamId, long errorCode) {
    // The peer opens no more; it is the peer who closes.
  }

  @Override
  void onSettings() {}

  @Override
  boolean boundsOpening() {
    return false;
  }

  @Override
  Duration idleTimeout() {
    return settings.idleTimeout().multipliedBy(3).dividedBy(2);
  }

  @Override
  void onIdle() {
    drain();
  }

  @Override
  void onInactive() {
    // Its streams have been told, and nobody else asks.
  }
}
