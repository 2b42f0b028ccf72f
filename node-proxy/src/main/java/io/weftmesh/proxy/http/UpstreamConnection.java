package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.codec.BodyReader;
import io.weftmesh.proxy.http.codec.BodyWriter;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeadReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.routing.Security;
import io.weftmesh.proxy.tcp.Relay;
import io.weftmesh.proxy.tunnel.Upstream;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 connection to an endpoint: takes one request at a time, and reads its answer. Between
 * two requests it lies in its {@link UpstreamPool}, still being read, so that its end is noticed
 * when it comes and not when it is needed.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter
    implements UpstreamSide, BodyReader.Sink {
  /** Of an answer that nobody wants, this much is read so that the connection can be kept. */
  private static final int MAX_DISCARDED_BYTES = 64 * 1024;

  private enum State {
    IDLE,
    /** Head, then body of an answer are awaited. */
    HEAD,
    BODY,
    /** The answer came to its end; the request has not. */
    ANSWERED,
    /** Carries bytes of another protocol; no longer this object's business. */
    SWITCHED,
    CLOSED
  }

  private final DuplexChannel channel;
  private final Endpoint endpoint;
  private final Security security;
  private final UpstreamPool pool;
  private final UpstreamPlace place;
  private final HeadReader headReader;
  private final BodyReader bodyReader;
  private final BodyWriter bodyWriter = new BodyWriter();

  private State state = State.IDLE;
  private @Nullable Exchange exchange;
  private @Nullable Exchange unflushedAnswer;
  private @Nullable Head head;
  private @Nullable ByteBuf reading;
  private String method = "";
  private boolean requestEnded;
  private boolean keptAlive;
  private boolean unflushed;
  private boolean used;
  private int discardedBytes;
  private long idleSinceNanos;
  private HttpMetrics.@Nullable Series series;

  UpstreamConnection(
      Upstream upstream,
      Endpoint endpoint,
      UpstreamPool pool,
      UpstreamPlace place,
      int maxHeadBytes) {
    this.channel = upstream.channel();
    this.security = upstream.security();
    this.endpoint = endpoint;
    this.pool = pool;
    this.place = place;
    this.headReader = HeadReader.ofResponses(maxHeadBytes);
    this.bodyReader = new BodyReader(maxHeadBytes);
  }

  /** Takes the channel over. It may turn out to be closed already. */
  void install() {
    channel.pipeline().addLast(this);
    if (!channel.isActive() || channel.isInputShutdown()) {
      closed();
      channel.close();
      return;
    }
    channel.config().setAutoRead(true);
  }

  @Override
  public Endpoint endpoint() {
    return endpoint;
  }

  Security security() {
    return security;
  }

  boolean isOpen() {
    return state != State.CLOSED && channel.isActive() && !channel.isOutputShutdown();
  }

  @Override
  public boolean isUsed() {
    return used;
  }

  long idleSinceNanos() {
    return idleSinceNanos;
  }

  void idleSince(long nanos) {
    idleSinceNanos = nanos;
  }

  @Override
  public HttpMetrics.Series series(
      HttpMetrics metrics, String source, String service, String backend) {
    HttpMetrics.Series last = series;
    if (last == null || !last.isFor(service, backend)) {
      last = metrics.series(source, service, backend, security);
      series = last;
    }
    return last;
  }

  // --- the request ---

  @Override
  public void begin(Exchange by, Head request, Framing framing) {
    exchange = by;
    method = request.method();
    head = Heads.take();
    state = State.HEAD;
    requestEnded = false;
    keptAlive = false;
    bodyWriter.begin(framing);
    ByteBuf out = channel.alloc().ioBuffer(request.sizeBytes());
    request.writeRequest(out);
    write(out);
  }

  @Override
  public void requestData(ByteBuf data) {
    bodyWriter.data(channel, data);
    unflushed = true;
  }

  @Override
  public void requestEnd(@Nullable Head trailers) {
    bodyWriter.end(channel, trailers);
    unflushed = true;
    requestEnded = true;
    if (state == State.ANSWERED) {
      finish();
    }
  }

  @Override
  public void endOutput() {
    keptAlive = false;
    flush();
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(written -> {
          if (written.isSuccess() && state != State.CLOSED) {
            channel.shutdownOutput();
          }
        });
  }

  @Override
  public void flush() {
    if (unflushed) {
      unflushed = false;
      channel.flush();
    }
  }

  @Override
  public boolean isWritable() {
    return channel.isWritable();
  }

  @Override
  public void setReading(boolean on) {
    if (state == State.HEAD || state == State.BODY) {
      channel.config().setAutoRead(on);
    }
  }

  @Override
  public void cancel() {
    if (state != State.CLOSED) {
      exchange = null;
      closed();
      Relay.reset(channel);
    }
  }

  /** The rest of the answer is read if it is short, which is cheaper than a new connection. */
  @Override
  public void discard() {
    exchange = null;
    if (!requestEnded) {
      cancel();
    } else {
      discardedBytes = 0;
      channel.config().setAutoRead(true);
    }
  }

  // --- the answer ---

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var in = (ByteBuf) message;
    if (state == State.IDLE || state == State.ANSWERED) {
      // Nobody asked for this. Taken for the next answer, it would poison it.
      in.release();
      broken();
      return;
    }
    reading = in;
    unflushedAnswer = exchange;
    try {
      do {
        if (state == State.HEAD && !readHead(in)) {
          break;
        }
        if (state == State.BODY) {
          bodyReader.read(in, this);
        }
      } while (in.isReadable() && (state == State.HEAD || state == State.BODY));
    } catch (MalformedException e) {
      malformed(e);
    } finally {
      reading = null;
      in.release();
    }
  }

  /** Whether a head is complete. */
  private boolean readHead(ByteBuf in) throws MalformedException {
    Head answer = head;
    if (answer == null || !headReader.read(in, answer)) {
      return false;
    }
    int status = answer.status();
    if (status == 101 || (method.equals("CONNECT") && status / 100 == 2)) {
      switched(answer, in);
      return false;
    }
    Framing framing = Framing.ofResponse(answer, method);
    if (status < 200) {
      if (exchange != null) {
        exchange.interim(answer);
      }
      answer.clear();
      return true;
    }
    keptAlive = HopByHop.keepsAlive(answer) && framing.mode() != Framing.Mode.UNTIL_CLOSE;
    state = State.BODY;
    bodyReader.begin(framing);
    if (exchange != null) {
      exchange.answer(answer, framing, keptAlive);
    }
    giveHead();
    return true;
  }

  private void switched(Head answer, ByteBuf in) throws MalformedException {
    Exchange by = exchange;
    if (by == null || !by.allowsSwitch() || !requestEnded) {
      throw MalformedException.syntax("the answer switches protocols and nobody asked for that");
    }
    state = State.SWITCHED;
    exchange = null;
    channel.pipeline().remove(this);
    channel.config().setAutoRead(false);
    channel.closeFuture().addListener(closed -> place.close());
    by.switchProtocol(
        answer, channel, in.isReadable() ? in.readRetainedSlice(in.readableBytes()) : null);
    giveHead();
  }

  @Override
  public void data(ByteBuf data) {
    Exchange by = exchange;
    if (by != null) {
      by.answerData(data);
      return;
    }
    discardedBytes += data.readableBytes();
    data.release();
    if (discardedBytes > MAX_DISCARDED_BYTES) {
      cancel();
    }
  }

  @Override
  public void end(@Nullable Head trailers) {
    if (state == State.CLOSED) {
      return;
    }
    used = true;
    ByteBuf in = reading;
    if (in != null && in.isReadable()) {
      keptAlive = false;
    }
    Exchange by = exchange;
    boolean last = requestEnded || !keptAlive;
    state = State.ANSWERED;
    if (last) {
      // Before the client is told, whose next request may be waiting for just this connection.
      finish();
    } else {
      channel.config().setAutoRead(true);
    }
    if (by != null) {
      by.answerEnd(trailers, last);
      if (state == State.CLOSED) {
        // There may be no channelReadComplete any more.
        by.flushClient();
      }
    }
  }

  /** Request and answer are complete, or will not be. */
  private void finish() {
    exchange = null;
    if (keptAlive && requestEnded && channel.isActive() && !channel.isInputShutdown()) {
      state = State.IDLE;
      flush();
      channel.config().setAutoRead(true);
      pool.give(this);
    } else {
      closed();
      channel.close();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Exchange by = unflushedAnswer;
    if (by != null) {
      unflushedAnswer = null;
      by.flushClient();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (exchange != null) {
      exchange.upstreamWritable(channel.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      unflushedAnswer = exchange;
      if (state == State.BODY && bodyReader.closed(this)) {
        channelReadComplete(ctx);
        return;
      }
      broken();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    broken();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    pool.metrics().ended(channel, cause);
    broken();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (state != State.SWITCHED) {
      closed();
    }
  }

  private void malformed(MalformedException e) {
    Exchange by = exchange;
    exchange = null;
    closed();
    channel.close();
    if (by != null) {
      by.malformedAnswer(e);
      by.flushClient();
    }
  }

  /** The connection is of no more use, whoever ended it. */
  private void broken() {
    if (state == State.CLOSED || state == State.SWITCHED) {
      return;
    }
    State was = state;
    Exchange by = exchange;
    exchange = null;
    closed();
    channel.close();
    if (by != null) {
      by.upstreamClosed(was == State.ANSWERED);
      by.flushClient();
    }
  }

  /** Idempotent; gives back all that it holds. */
  private void closed() {
    if (state != State.CLOSED) {
      boolean wasIdle = state == State.IDLE;
      state = State.CLOSED;
      giveHead();
      place.close();
      if (wasIdle) {
        pool.lost(this);
      }
    }
  }

  /** Closes it while it lies in the pool. */
  void retire() {
    state = State.CLOSED;
    channel.close();
    place.close();
  }

  private void giveHead() {
    Head mine = head;
    if (mine != null) {
      head = null;
      Heads.give(mine);
    }
  }

  private void write(ByteBuf out) {
    channel.write(out, channel.voidPromise());
    unflushed = true;
  }

  @Override
  public String toString() {
    return endpoint.address() + " " + state;
  }
}
