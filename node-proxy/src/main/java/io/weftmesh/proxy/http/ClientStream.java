package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.weftmesh.policy.model.BackendSettings;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeaderBlockReader;
import io.weftmesh.proxy.http.codec.HeaderBlockWriter;
import io.weftmesh.proxy.http.codec.MalformedException;
import org.jspecify.annotations.Nullable;

/** One request that an application sent over HTTP/2, and its answer. */
final class ClientStream extends SessionStream implements ClientSide {
  /**
   * How long the proxy's own answer waits for a client that gives no window for it. There is no
   * exchange any more that would have a time-out.
   */
  private static final long ERROR_NANOS = BackendSettings.DEFAULT.idleTimeout().toNanos();

  private final ClientSession session;
  private final Head head;
  private final boolean grpc;
  private final boolean noBody;
  private final Deadline deadline;

  private @Nullable Exchange exchange;
  private boolean requestEnded;
  private boolean answering;
  private boolean answerWritten;

  /** What the stream is reset with because of what the client did, instead of an answer. */
  private @Nullable Http2Error fault;

  /**
   * @param head of the request, which becomes this stream's
   */
  ClientStream(ClientSession session, Head head) {
    super(session);
    this.session = session;
    this.head = head;
    this.grpc = GrpcErrors.isCall(head);
    this.noBody = head.method().equals("HEAD");
    this.deadline = new Deadline(session.channel().eventLoop(), this::onDeadline);
  }

  /**
   * Sends the request on its way.
   *
   * @param end whether it is complete
   */
  void start(HttpProxy proxy, ClientContext context, Upstreams upstreams, boolean end) {
    requestEnded = end;
    var started =
        new Exchange(
            proxy, context, this, upstreams, head, end ? Framing.NONE : Framing.CHUNKED, deadline);
    exchange = started;
    session.touched(this);
    started.start();
  }

  /**
   * Refuses the request before it became an exchange.
   *
   * @param end whether it is complete
   */
  void refuse(ErrorReason reason, String text, boolean end) {
    requestEnded = end;
    session.failed(reason);
    answerError(ErrorAnswer.of(reason, text));
  }

  // --- the request ---

  @Override
  void onHeaders(Http2Headers headers, boolean end) {
    Head trailers = null;
    if (!headers.isEmpty()) {
      // Kept for as long as the request may have to be sent again.
      trailers = new Head();
      try {
        HeaderBlockReader.readTrailers(headers, trailers);
      } catch (MalformedException e) {
        malformed(Http2Error.PROTOCOL_ERROR, e.problem());
        return;
      }
    }
    requestEnded(trailers);
  }

  @Override
  void onBody(ByteBuf data) {
    Exchange by = exchange;
    if (by == null) {
      data.release();
    } else {
      by.requestData(data);
    }
  }

  @Override
  void onEnd() {
    requestEnded(null);
  }

  private void requestEnded(@Nullable Head trailers) {
    requestEnded = true;
    Exchange by = exchange;
    if (by != null) {
      by.requestEnd(trailers);
      forgetIfOver();
    }
  }

  @Override
  void onReset(long errorCode) {
    cancel();
  }

  @Override
  void onError(Http2FrameStreamException error) {
    Exchange by = exchange;
    if (by != null && error.getCause() instanceof Http2Exception.HeaderListSizeException) {
      by.refuse(
          ErrorReason.HEADERS_TOO_LARGE,
          "This request was not passed on: its trailers are too large");
    } else {
      // The codec takes a head behind the end for one head too many (RFC 9113, 5.1).
      boolean behindEnd = requestEnded && error.error() == Http2Error.PROTOCOL_ERROR;
      malformed(
          behindEnd ? Http2Error.STREAM_CLOSED : error.error(), String.valueOf(error.getMessage()));
    }
  }

  private void malformed(Http2Error error, String problem) {
    fault = error;
    Exchange by = exchange;
    if (by != null) {
      by.refuse(ErrorReason.BAD_REQUEST, problem);
    }
    reset(error);
  }

  @Override
  void onClosed(boolean notProcessed, @Nullable Throwable lost) {
    cancel();
    pause(false);
    deadline.cancel();
    Heads.give(head);
  }

  private void cancel() {
    Exchange by = exchange;
    exchange = null;
    if (by != null) {
      by.cancel();
    }
  }

  @Override
  void onWritable() {
    Exchange by = exchange;
    if (by != null) {
      by.clientWritable(true);
    }
  }

  @Override
  void flushOtherSide0() {
    Exchange by = exchange;
    if (by != null) {
      by.flushRequest();
    }
  }

  private void onDeadline() {
    Exchange by = exchange;
    if (by != null) {
      by.onDeadline();
    } else if (!answerWritten) {
      reset(Http2Error.CANCEL);
    }
  }

  // --- the answer ---

  @Override
  public EventLoop loop() {
    return session.channel().eventLoop();
  }

  @Override
  public ByteBufAllocator allocator() {
    return session.channel().alloc();
  }

  @Override
  public void interim(Head interim) {
    writeHeaders(HeaderBlockWriter.writeResponse(interim), false);
    // A client that waits for it sends nothing that would bring the next flush.
    flush();
  }

  @Override
  public void answer(Head answer, Framing framing, boolean requestIsRead) {
    answering = true;
    writeHeaders(HeaderBlockWriter.writeResponse(answer), framing.isEmpty());
    session.answered();
  }

  @Override
  public void answerData(ByteBuf data) {
    writeData(data);
  }

  @Override
  public void answerEnd(@Nullable Head trailers) {
    answering = false;
    if (trailers == null) {
      writeEnd();
    } else {
      writeHeaders(HeaderBlockWriter.writeTrailers(trailers), true);
    }
    forgetIfOver();
  }

  @Override
  public void answerError(ErrorAnswer answer) {
    exchange = null;
    if (fault == null) {
      if (grpc) {
        writeHeaders(answer.grpc(), true);
      } else {
        byte[] body = answer.body();
        writeHeaders(answer.head(), noBody);
        writeData(allocator().ioBuffer(body.length).writeBytes(body));
        writeEnd();
      }
      session.answered();
      if (isOpen()) {
        deadline.set(Deadline.now(loop()) + ERROR_NANOS);
      }
      flush();
    }
    pause(false);
  }

  @Override
  public void answerBroken(ErrorAnswer why) {
    exchange = null;
    Http2Error error = fault;
    if (answering && grpc && error == null) {
      // A reset would be INTERNAL to the client. Trailers end a call at any point, with its status.
      writeHeaders(why.grpcTrailers(), true);
      flush();
    } else if (answering) {
      reset(error == null ? Http2Error.INTERNAL_ERROR : error);
    }
    pause(false);
    endIfUnread();
  }

  @Override
  void onOutputWritten() {
    answerWritten = true;
    endIfUnread();
  }

  /** An answer is complete, and nobody reads the rest of its request (RFC 9113, 8.1). */
  private void endIfUnread() {
    if (answerWritten && exchange == null && !requestEnded) {
      reset(Http2Error.NO_ERROR);
    }
  }

  @Override
  public void switchProtocol(Head answer, DuplexChannel upstream, @Nullable ByteBuf early) {
    throw new IllegalStateException("a stream of HTTP/2 never switches protocols");
  }

  private void forgetIfOver() {
    Exchange by = exchange;
    if (by != null && by.isOver()) {
      exchange = null;
      pause(false);
      endIfUnread();
    }
  }

  @Override
  public boolean isWritable() {
    return takesOrWaits();
  }

  @Override
  public void holdRequest(boolean hold) {
    pause(hold);
  }
}
