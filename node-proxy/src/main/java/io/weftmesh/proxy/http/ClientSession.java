package io.weftmesh.proxy.http;

import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeaderBlockReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.tunnel.TurnFlush;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;

/**
 * The server side of HTTP/2 on an application's connection: each of its streams is an exchange,
 * routed and balanced by itself.
 *
 * <p>When the pod leaves, the client is told to go on elsewhere in the two steps of RFC 9113, 6.8:
 * streams that it opens before it has read the first GOAWAY are served; those after the second it
 * opens on another connection. This one closes with its last stream. The same is done when it has
 * had no stream for as long as policies say.
 */
final class ClientSession extends Http2Session {
  private static final long LEAVE_PING = 0x77656674;

  /** How long a client that does not answer pings is waited for between the two steps. */
  private static final long LEAVE_STEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final HttpProxy proxy;
  private final ClientContext context;
  private final Upstreams upstreams;
  private final Runnable release;
  private final Deadline idle;
  private boolean leaving;
  private boolean left;
  private boolean closing;

  private ClientSession(
      Http2FrameCodec codec, HttpProxy proxy, ClientContext context, DuplexChannel channel) {
    super(codec, proxy.metrics());
    this.proxy = proxy;
    this.context = context;
    this.idle = new Deadline(channel.eventLoop(), this::onIdle);
    // To an address that is not balanced, each client connection has upstream connections of its
    // own, as it would have without the mesh: there are servers that authenticate a connection.
    if (context.destination() instanceof Destination.ServiceDestination) {
      upstreams = context.pod().sessions(channel.eventLoop());
      release = () -> {};
    } else {
      UpstreamSessions own = context.pod().ownSessions(channel.eventLoop(), this::leave);
      upstreams = own;
      release = own::close;
    }
  }

  /** Takes a connection over and turns its reading on. */
  static void install(HttpProxy proxy, ClientContext context, DuplexChannel channel) {
    Http2FrameCodec codec =
        Http2Codec.server(
            proxy.settings().maxHeadBytes(),
            () -> failed(proxy, context, ErrorReason.HEADERS_TOO_LARGE));
    var session = new ClientSession(codec, proxy, context, channel);
    context.pod().opened(session);
    var frames =
        new FrameDeadline(
            channel.eventLoop(), proxy.settings().headTimeout(), session::notCompleted);
    channel.pipeline().addLast(new TurnFlush(), frames, codec, session);
    if (channel.isActive()) {
      session.awaitStream();
      channel.config().setAutoRead(true);
    } else {
      session.onInactive();
    }
  }

  @Override
  void onNewStream(Http2HeadersFrame frame) {
    Http2Stream opened = connection().stream(frame.stream().id());
    Head head = Heads.take();
    try {
      HeaderBlockReader.readRequest(frame.headers(), head);
      Framing.ofRequest(head);
    } catch (MalformedException e) {
      failed(ErrorReason.BAD_REQUEST);
      if (e.kind() != MalformedException.Kind.TOO_LARGE) {
        Heads.give(head);
        context()
            .write(new DefaultHttp2ResetFrame(Http2Error.PROTOCOL_ERROR).stream(frame.stream()));
        flush();
        return;
      }
      var stream = new ClientStream(this, head);
      stream.opened(frame.stream(), opened, false);
      stream.refuse(
          ErrorReason.HEADERS_TOO_LARGE,
          "This request was not passed on: " + e.problem(),
          frame.isEndStream());
      return;
    }
    var stream = new ClientStream(this, head);
    stream.opened(frame.stream(), opened, false);
    if (head.method().equals("CONNECT")) {
      stream.refuse(
          ErrorReason.NOT_SUPPORTED,
          "This request was not passed on: CONNECT is not spoken over HTTP/2",
          frame.isEndStream());
    } else {
      stream.start(proxy, context, upstreams, frame.isEndStream());
    }
  }

  /** A request came to nothing before it was routed. */
  void failed(ErrorReason reason) {
    failed(proxy, context, reason);
  }

  private static void failed(HttpProxy proxy, ClientContext context, ErrorReason reason) {
    proxy.metrics().series(context.pod().label(), context.service(), "", null).failed(reason, 0);
  }

  /** A frame or a head was begun, and time is up. */
  private void notCompleted() {
    failed(ErrorReason.REQUEST_TIMEOUT);
    giveUp(
        Http2Error.ENHANCE_YOUR_CALM,
        new SocketTimeoutException(
            "a frame or a head was not complete within " + proxy.settings().headTimeout()));
  }

  /** The head of an answer was written. */
  void answered() {
    if (context.pod().isLeaving()) {
      leave();
    }
  }

  /** Has the client go on elsewhere; idempotent. */
  void leave() {
    if (leaving || !channel().isActive()) {
      return;
    }
    leaving = true;
    sendGoAway(Integer.MAX_VALUE);
    ping(LEAVE_PING);
    channel().eventLoop().schedule(this::leaveOn, LEAVE_STEP_NANOS, TimeUnit.NANOSECONDS);
  }

  @Override
  void onPingAck(long content) {
    if (leaving && content == LEAVE_PING) {
      leaveOn();
    }
  }

  private void leaveOn() {
    if (!left && channel().isActive()) {
      left = true;
      sendGoAway(0);
      closeIfDone();
    }
  }

  private void closeIfDone() {
    if (left && !closing && openStreams() == 0 && channel().isActive()) {
      closing = true;
      closeAfterWrites();
    }
  }

  @Override
  void onStreamGone() {
    closeIfDone();
    if (openStreams() == 0 && channel().isActive()) {
      awaitStream();
    }
  }

  /** Not touched by the stream that comes then: it finds out when it is reached. */
  private void awaitStream() {
    idle.set(proxy.idleDeadline(context, channel().eventLoop()));
  }

  private void onIdle() {
    if (openStreams() == 0) {
      leave();
    }
  }

  @Override
  void onGoAway() {
    // The client opens no more streams; it is the client who closes.
  }

  @Override
  void onSettings() {}

  @Override
  void onInactive() {
    idle.cancel();
    context.pod().closed(this);
    release.run();
  }
}
