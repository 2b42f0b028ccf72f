package io.weftmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tunnel.TurnFlush;
import io.weftmesh.proxy.tunnel.Upstream;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 connection to an endpoint, shared by the streams of one client pod on one loop.
 * Retired, it takes no new ones and closes with its last.
 */
final class UpstreamSession extends Http2Session {
  /** What a peer surely takes before it has said how many it takes. */
  private static final int STREAMS_BEFORE_SETTINGS = 100;

  /** One lost packet stops all streams of a connection: beyond this another one is worth it. */
  private static final int MAX_STREAMS = 1000;

  /**
   * Longer than HTTP/1's: a peer that closes an idle connection of HTTP/2 says so first, and what
   * crosses its GOAWAY was not processed and goes elsewhere unharmed. Shorter than the 75 s of
   * common servers, so that this seldom happens.
   */
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /**
   * After how long a silence, with streams open, a peer is asked whether it is there. Servers of
   * gRPC count pings that come more often than every five minutes as abuse and end the connection;
   * and a node that died is found in 20 s by the tunnel, or by TCP when it owes an acknowledgement.
   */
  private static final long PING_NANOS = TimeUnit.SECONDS.toNanos(330);

  private static final int PING_TIMEOUT_SECONDS = 20;

  private static final long PING = 0;

  private final SessionGroup group;
  private final Upstream upstream;
  private final UpstreamPlace place;
  private final EventLoop loop;
  private final Deadline deadline;
  private HttpMetrics.@Nullable Series series;
  private boolean settled;
  private boolean idle;
  private boolean used;
  private boolean retired;
  private boolean closing;
  private boolean pinged;
  private long framesHeard;
  private long framesHeardAtCheck;

  private UpstreamSession(
      Http2FrameCodec codec,
      HttpMetrics metrics,
      SessionGroup group,
      Upstream upstream,
      UpstreamPlace place) {
    super(codec, metrics);
    this.group = group;
    this.upstream = upstream;
    this.place = place;
    this.loop = upstream.channel().eventLoop();
    this.deadline = new Deadline(loop, this::onDeadline);
  }

  /** Takes a connection over. It may turn out to be closed already, and is retired then. */
  static UpstreamSession install(
      HttpSettings settings,
      HttpMetrics metrics,
      SessionGroup group,
      Upstream upstream,
      UpstreamPlace place) {
    Http2FrameCodec codec = Http2Codec.client(settings.maxHeadBytes());
    var session = new UpstreamSession(codec, metrics, group, upstream, place);
    upstream.channel().pipeline().addLast(new TurnFlush(), codec, session);
    if (upstream.channel().isActive() && !upstream.channel().isInputShutdown()) {
      session.awaitIdle();
      upstream.channel().config().setAutoRead(true);
    } else {
      upstream.channel().close();
      session.onInactive();
    }
    return session;
  }

  Endpoint endpoint() {
    return group.endpoint();
  }

  Security security() {
    return upstream.security();
  }

  /** Whether it has carried an answer. */
  boolean isUsed() {
    return used;
  }

  void used() {
    used = true;
  }

  /** Whether the peer has said how many streams it takes. */
  boolean isSettled() {
    return settled;
  }

  boolean hasRoom() {
    return !retired
        && channel().isActive()
        && openStreams() < (settled ? MAX_STREAMS : STREAMS_BEFORE_SETTINGS)
        && connection().local().canOpenStream();
  }

  /** The handles that its last request used, which the next most likely uses too. */
  HttpMetrics.Series series(HttpMetrics metrics, String source, String service, String backend) {
    HttpMetrics.Series last = series;
    if (last == null || !last.isFor(service, backend)) {
      last = metrics.series(source, service, backend, security());
      series = last;
    }
    return last;
  }

  void open(UpstreamStream stream, Http2Headers headers, boolean end) {
    idle(false);
    Http2FrameStream frameStream = newStream();
    context().write(new DefaultHttp2HeadersFrame(headers, end).stream(frameStream));
    Http2Stream opened = connection().stream(frameStream.id());
    if (opened == null) {
      // Out of stream ids, or the connection is on its way down. The exchange is not ready to be
      // told while it is sending.
      retire();
      loop.execute(stream::notOpened);
      return;
    }
    if (openStreams() == 0) {
      framesHeardAtCheck = framesHeard;
      pinged = false;
      deadline.set(Deadline.now(loop) + PING_NANOS);
    }
    stream.opened(frameStream, opened, end);
  }

  /** Takes no further stream. */
  void retire() {
    if (!retired) {
      retired = true;
      idle(false);
      group.retired(this);
    }
    closeIfDone();
  }

  private void closeIfDone() {
    if (openStreams() == 0 && !closing && channel().isActive()) {
      closing = true;
      sendGoAway(0);
      closeAfterWrites();
    }
  }

  long framesHeard() {
    return framesHeard;
  }

  @Override
  void heard() {
    framesHeard++;
  }

  @Override
  void onNewStream(Http2HeadersFrame frame) {
    // The rest of an answer that nobody wants any more.
  }

  @Override
  void onSettings() {
    settled = true;
    group.hasRoom();
  }

  @Override
  void onGoAway() {
    retire();
  }

  @Override
  void onPingAck(long content) {
    // It was heard.
  }

  @Override
  void onStreamGone() {
    if (retired) {
      closeIfDone();
      return;
    }
    if (openStreams() == 0) {
      if (group.isLeaving() || group.isWanted()) {
        retire();
        return;
      }
      awaitIdle();
    }
    group.hasRoom();
  }

  private void awaitIdle() {
    idle(true);
    deadline.set(group.isOneClients() ? Deadline.NONE : Deadline.now(loop) + IDLE_NANOS);
  }

  private void idle(boolean now) {
    if (idle != now) {
      idle = now;
      group.idle(now ? 1 : -1);
    }
  }

  private void onDeadline() {
    if (openStreams() == 0) {
      retire();
    } else if (framesHeard != framesHeardAtCheck) {
      framesHeardAtCheck = framesHeard;
      pinged = false;
      deadline.set(Deadline.now(loop) + PING_NANOS);
    } else if (!pinged) {
      pinged = true;
      ping(PING);
      deadline.set(Deadline.now(loop) + TimeUnit.SECONDS.toNanos(PING_TIMEOUT_SECONDS));
    } else {
      retire();
      close(new SocketException("no answer to a ping for " + PING_TIMEOUT_SECONDS + " s"));
    }
  }

  @Override
  void onInactive() {
    retired = true;
    idle(false);
    deadline.cancel();
    place.close();
    group.closed(this);
  }
}
