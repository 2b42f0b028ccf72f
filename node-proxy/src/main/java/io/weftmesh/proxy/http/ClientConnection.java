package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.NetUtil;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.proxy.http.codec.BodyReader;
import io.weftmesh.proxy.http.codec.BodyWriter;
import io.weftmesh.proxy.http.codec.Field;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeadReader;
import io.weftmesh.proxy.http.codec.MalformedException;
import io.weftmesh.proxy.http.codec.RequestTarget;
import io.weftmesh.proxy.routing.Destination;
import io.weftmesh.proxy.tcp.Relay;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The server side of HTTP/1 on an application's connection. Requests are taken one after the other:
 * what a client sends ahead waits, unread beyond the one buffer that it came in, until the answer
 * before it is complete. So answers are in order and pipelining costs no memory.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter
    implements ClientSide, BodyReader.Sink {
  /** How long, and for how much, a client is still listened to after the last answer. */
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int LINGER_BYTES = 1024 * 1024;

  /** How long the last of what was written waits for a client that does not read. */
  private static final long CLOSE_NANOS = BackendSettings.DEFAULT.idleTimeout().toNanos();

  private enum State {
    /** Between requests, or inside a head. */
    HEAD,
    BODY,
    /** The request is complete, its answer is not. */
    AWAITING,
    /** All is said; what the client still sends is dropped until it has seen that. */
    LINGERING,
    SWITCHED,
    CLOSED
  }

  private final HttpProxy proxy;
  private final ClientContext context;
  private final DuplexChannel channel;
  private final UpstreamPool pool;
  private final boolean ownsPool;
  private final HeadReader headReader;
  private final BodyReader bodyReader;
  private final BodyWriter bodyWriter = new BodyWriter();
  private final Deadline deadline;

  private State state = State.HEAD;
  private @Nullable Head head;
  private @Nullable Exchange exchange;
  private @Nullable ByteBuf pending;
  private boolean pumping;
  private boolean held;
  private boolean inputEnded;
  private boolean http10;
  private boolean keepAlive;
  private boolean answering;
  private boolean noBody;
  private boolean unflushed;
  private int lingeredBytes;

  ClientConnection(HttpProxy proxy, ClientContext context, DuplexChannel channel) {
    this.proxy = proxy;
    this.context = context;
    this.channel = channel;
    this.headReader = HeadReader.ofRequests(proxy.settings().maxHeadBytes());
    this.bodyReader = new BodyReader(proxy.settings().maxHeadBytes());
    this.deadline = new Deadline(channel.eventLoop(), this::onDeadline);
    // To an address that is not balanced, each client connection has upstream connections of its
    // own, as it would have without the mesh: there are servers that authenticate a connection.
    this.ownsPool = !(context.destination() instanceof Destination.ServiceDestination);
    this.pool =
        ownsPool
            ? context.pod().ownPool(channel.eventLoop(), this::upstreamLost)
            : context.pod().pool(channel.eventLoop());
  }

  void install() {
    channel.pipeline().addLast(this);
    if (channel.isActive()) {
      channel.config().setAutoRead(true);
    } else {
      closed();
    }
  }

  // --- reading ---

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var in = (ByteBuf) message;
    if (state == State.LINGERING || state == State.CLOSED) {
      lingeredBytes += in.readableBytes();
      in.release();
      if (lingeredBytes > LINGER_BYTES) {
        channel.close();
      }
      return;
    }
    ByteBuf before = pending;
    if (before == null) {
      pending = in;
    } else {
      ByteBuf joined = channel.alloc().buffer(before.readableBytes() + in.readableBytes());
      joined.writeBytes(before).writeBytes(in);
      before.release();
      in.release();
      pending = joined;
    }
    pump();
  }

  /** Reads on in what has come, as far as the state of things allows. */
  private void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      ByteBuf in = pending;
      boolean more = in != null;
      while (more && in != null) {
        more =
            switch (state) {
              case HEAD -> in.isReadable() && readHead(in);
              case BODY -> bodyReader.read(in, this);
              case AWAITING, LINGERING, SWITCHED, CLOSED -> false;
            };
        // What was read may have led to the end of all.
        in = pending;
      }
    } catch (MalformedException e) {
      malformed(e);
    } finally {
      pumping = false;
    }
    ByteBuf rest = pending;
    if (rest != null && (!rest.isReadable() || state == State.LINGERING || state == State.CLOSED)) {
      dropPending();
    }
    if (state == State.HEAD && inputEnded && pending == null) {
      closeAfterWrites();
    }
    updateReading();
  }

  private boolean readHead(ByteBuf in) throws MalformedException {
    Head request = head;
    if (request == null) {
      request = Heads.take();
      head = request;
    }
    boolean begins = !headReader.isInside();
    if (!headReader.read(in, request)) {
      if (begins) {
        deadline.set(Deadline.now(loop()) + proxy.settings().headTimeout().toNanos());
      }
      return false;
    }
    http10 = request.isHttp10();
    keepAlive = HopByHop.keepsAlive(request);
    answering = false;
    noBody = request.method().equals("HEAD");
    Framing framing = Framing.ofRequest(request);
    checkHost(request);
    if (request.method().equals("CONNECT") && !framing.isEmpty()) {
      throw MalformedException.syntax("CONNECT has a body");
    }
    if (http10) {
      request.remove(Field.EXPECT);
    }
    bodyReader.begin(framing);
    state = framing.isEmpty() ? State.AWAITING : State.BODY;
    var started = new Exchange(proxy, context, this, pool, request, framing, deadline);
    exchange = started;
    started.start();
    return true;
  }

  /** RFC 9112, 3.2: exactly one, and the target's own authority goes before it. */
  private void checkHost(Head request) throws MalformedException {
    int hosts = 0;
    for (int i = 0; i < request.count(); i++) {
      hosts += request.isAt(i, Field.HOST) ? 1 : 0;
    }
    if (hosts > 1) {
      throw MalformedException.syntax("Host is there twice");
    }
    if (hosts == 0 && !http10) {
      throw MalformedException.syntax("Host is missing");
    }
    String authority =
        request.method().equals("CONNECT") ? null : RequestTarget.authority(request.target());
    if (authority != null) {
      request.set(Field.HOST, authority);
    } else if (hosts == 0) {
      // It goes on as HTTP/1.1, which must have one.
      request.add(Field.HOST, NetUtil.toSocketAddressString(context.original()));
    }
  }

  @Override
  public void data(ByteBuf data) {
    Exchange by = exchange;
    if (by == null) {
      data.release();
    } else {
      by.requestData(data);
    }
  }

  @Override
  public void end(@Nullable Head trailers) {
    Exchange by = exchange;
    if (by == null || state != State.BODY) {
      return;
    }
    state = State.AWAITING;
    boolean over = by.isOver();
    by.requestEnd(trailers);
    if (!over && by.isOver() && exchange == by) {
      requestOver();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    flushRequest();
    flush();
  }

  private void flushRequest() {
    Exchange by = exchange;
    if (by != null && !pumping) {
      by.flushRequest();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Exchange by = exchange;
    if (by != null) {
      by.clientWritable(channel.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || state == State.CLOSED) {
      return;
    }
    inputEnded = true;
    switch (state) {
      case HEAD -> {
        if (pending == null) {
          closeAfterWrites();
        }
      }
      case BODY -> {
        // Whatever the application may think of half a request: it gets no more than that.
        closed();
        channel.close();
      }
      case AWAITING -> {
        Exchange by = exchange;
        keepAlive = false;
        if (by != null && pending == null) {
          by.inputEnded();
        }
      }
      case LINGERING -> channel.close();
      case SWITCHED, CLOSED -> {}
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closed();
    deadline.cancel();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    closed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    proxy.metrics().ended(channel, cause);
    closed();
    channel.close();
  }

  // --- answering ---

  @Override
  public EventLoop loop() {
    return channel.eventLoop();
  }

  @Override
  public ByteBufAllocator allocator() {
    return channel.alloc();
  }

  @Override
  public void interim(Head interim) {
    if (!http10 && state != State.CLOSED) {
      writeHead(interim);
      // A client that waits for it sends nothing that would bring the next flush.
      flush();
    }
  }

  @Override
  public void answer(Head answer, Framing framing, boolean requestIsRead) {
    if (state == State.CLOSED) {
      return;
    }
    answering = true;
    keepAlive &= requestIsRead && !inputEnded && !context.pod().isLeaving();
    Framing out = framing;
    switch (framing.mode()) {
      case UNTIL_CLOSE -> {
        if (http10) {
          keepAlive = false;
        } else {
          out = Framing.CHUNKED;
          answer.add(Field.TRANSFER_ENCODING, "chunked");
        }
      }
      case CHUNKED -> {
        if (http10) {
          keepAlive = false;
          out = Framing.UNTIL_CLOSE;
          answer.remove(Field.TRANSFER_ENCODING);
        }
      }
      case NONE -> {
        if (http10 || answer.status() == 204) {
          answer.remove(Field.TRANSFER_ENCODING);
        }
      }
      case LENGTH -> {}
    }
    if (!keepAlive) {
      answer.add(Field.CONNECTION, "close");
    } else if (http10) {
      answer.add(Field.CONNECTION, "keep-alive");
    }
    bodyWriter.begin(out);
    writeHead(answer);
  }

  @Override
  public void answerData(ByteBuf data) {
    if (state == State.CLOSED) {
      data.release();
      return;
    }
    bodyWriter.data(channel, data);
    unflushed = true;
  }

  @Override
  public void answerEnd(@Nullable Head trailers) {
    if (state == State.CLOSED) {
      return;
    }
    bodyWriter.end(channel, trailers);
    unflushed = true;
    answering = false;
    Exchange by = exchange;
    if (by != null && by.isOver()) {
      requestOver();
    }
  }

  @Override
  public void answerError(ErrorAnswer answer) {
    if (state == State.CLOSED) {
      return;
    }
    keepAlive &= state == State.AWAITING && !inputEnded && !context.pod().isLeaving();
    String connection = keepAlive ? (http10 ? "keep-alive" : "") : "close";
    ByteBuf out = answer.write(channel.alloc(), noBody, connection);
    channel.write(out, channel.voidPromise());
    unflushed = true;
    requestOver();
    flush();
  }

  @Override
  public void answerBroken(ErrorAnswer why) {
    if (answering) {
      // Closed in order, an answer that ends with the connection would look complete.
      closed();
      Relay.reset(channel);
    } else {
      requestOver();
    }
  }

  @Override
  public void switchProtocol(Head answer, DuplexChannel upstream, @Nullable ByteBuf early) {
    Exchange by = exchange;
    ByteBuf rest = pending;
    if (by == null || state == State.CLOSED) {
      if (early != null) {
        early.release();
      }
      Relay.reset(upstream);
      return;
    }
    writeHead(answer);
    flush();
    state = State.SWITCHED;
    pending = null;
    exchange = null;
    giveHead();
    channel.pipeline().remove(this);
    channel.config().setAutoRead(false);
    String source = context.pod().label();
    Relay.start(
        channel,
        upstream,
        proxy.metrics().switchedBytes(source, by.service(), "sent"),
        proxy.metrics().switchedBytes(source, by.service(), "received"),
        null,
        end -> by.switchEnded());
    deliver(channel, rest);
    deliver(upstream, early);
    if (ownsPool) {
      channel.closeFuture().addListener(closed -> pool.close());
    }
  }

  /** What was read before the protocol switched, to the relay as if it had only just come. */
  private static void deliver(DuplexChannel to, @Nullable ByteBuf bytes) {
    if (bytes == null) {
      return;
    }
    if (bytes.isReadable()) {
      to.pipeline().fireChannelRead(bytes);
      to.pipeline().fireChannelReadComplete();
    } else {
      bytes.release();
    }
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
  public void holdRequest(boolean hold) {
    if (held != hold) {
      held = hold;
      if (!pumping) {
        updateReading();
      }
    }
  }

  /** The answer is written; what comes next depends on whether the request was read. */
  private void requestOver() {
    boolean complete = state == State.AWAITING;
    exchange = null;
    giveHead();
    held = false;
    answering = false;
    if (complete && keepAlive) {
      state = State.HEAD;
      pump();
      flushRequest();
    } else if (complete && pending == null) {
      closeAfterWrites();
    } else {
      linger();
    }
  }

  private void malformed(MalformedException e) {
    ErrorReason reason =
        switch (e.kind()) {
          case SYNTAX -> ErrorReason.BAD_REQUEST;
          case TOO_LARGE -> ErrorReason.HEADERS_TOO_LARGE;
          case VERSION -> ErrorReason.VERSION_NOT_SUPPORTED;
          case CODING -> ErrorReason.NOT_SUPPORTED;
        };
    refuse(reason, e.problem());
  }

  private void refuse(ErrorReason reason, String why) {
    String text = "This request was not passed on: " + why;
    Exchange by = exchange;
    if (by != null) {
      by.refuse(reason, text);
    } else {
      noBody = false;
      proxy.metrics().series(context.pod().label(), context.service(), "", null).failed(reason, 0);
      answerError(ErrorAnswer.of(reason, text));
    }
  }

  private void onDeadline() {
    Exchange by = exchange;
    if (by != null) {
      by.onDeadline();
    } else if (state == State.LINGERING || state == State.CLOSED) {
      channel.close();
    } else if (state == State.HEAD && headReader.isInside()) {
      refuse(
          ErrorReason.REQUEST_TIMEOUT,
          "its head was not complete within " + proxy.settings().headTimeout());
    }
  }

  /** The connection that stands for this one has ended, and so must this one. */
  private void upstreamLost() {
    if (state == State.HEAD && exchange == null && !headReader.isInside() && pending == null) {
      closeAfterWrites();
    }
  }

  /** Ends our side, and drops what comes until the client has ended its own. */
  private void linger() {
    if (inputEnded) {
      closeAfterWrites();
      return;
    }
    state = State.LINGERING;
    deadline.set(Deadline.now(loop()) + LINGER_NANOS);
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(written -> {
          if (written.isSuccess() && state == State.LINGERING) {
            channel.shutdownOutput();
          }
        });
    if (!pumping) {
      dropPending();
      updateReading();
    }
  }

  private void closeAfterWrites() {
    closed();
    deadline.set(Deadline.now(loop()) + CLOSE_NANOS);
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Gives back all that it holds; idempotent. */
  private void closed() {
    if (state == State.CLOSED || state == State.SWITCHED) {
      return;
    }
    state = State.CLOSED;
    Exchange by = exchange;
    exchange = null;
    if (by != null) {
      by.cancel();
    }
    giveHead();
    deadline.cancel();
    if (ownsPool) {
      pool.close();
    }
    if (!pumping) {
      dropPending();
    }
  }

  private void dropPending() {
    ByteBuf rest = pending;
    if (rest != null) {
      pending = null;
      rest.release();
    }
  }

  private void updateReading() {
    boolean on =
        switch (state) {
          case HEAD, AWAITING -> pending == null;
          case BODY -> !held;
          case LINGERING -> true;
          case SWITCHED, CLOSED -> channel.config().isAutoRead();
        };
    if (channel.config().isAutoRead() != on) {
      channel.config().setAutoRead(on);
    }
  }

  private void writeHead(Head answer) {
    ByteBuf out = channel.alloc().ioBuffer(answer.sizeBytes());
    answer.writeResponse(out);
    channel.write(out, channel.voidPromise());
    unflushed = true;
  }

  private void giveHead() {
    Head mine = head;
    if (mine != null) {
      head = null;
      headReader.reset();
      Heads.give(mine);
    }
  }
}
