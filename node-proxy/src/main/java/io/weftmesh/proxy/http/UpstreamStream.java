package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.weftmesh.proxy.balance.Endpoint;
import io.weftmesh.proxy.http.codec.Framing;
import io.weftmesh.proxy.http.codec.Head;
import io.weftmesh.proxy.http.codec.HeaderBlockReader;
import io.weftmesh.proxy.http.codec.HeaderBlockWriter;
import io.weftmesh.proxy.http.codec.MalformedException;
import org.jspecify.annotations.Nullable;

/**
 * One request on a connection that it shares with others, and the answer to it.
 *
 * <p>While the client is slow the end of an answer is kept back with its credit: an exchange that
 * is over has nobody who would tell when the bytes have left, and an endpoint could end streams
 * faster than the client takes them.
 */
final class UpstreamStream extends SessionStream implements UpstreamSide {
  private enum State {
    /** The head of the answer is awaited. */
    HEAD,
    BODY,
    /** The answer has come to its end, and perhaps the exchange has not been told yet. */
    ENDED
  }

  private final UpstreamSession session;
  private State state = State.HEAD;
  private @Nullable Exchange exchange;
  private String method = "";
  private boolean requestEnded;
  private long framesHeardBefore;

  /** What the answer's head says of its body. */
  private Framing declared = Framing.UNTIL_CLOSE;

  private long bodyBytes;
  private boolean endDue;
  private @Nullable Head trailers;

  UpstreamStream(UpstreamSession session) {
    super(session);
    this.session = session;
  }

  @Override
  public Endpoint endpoint() {
    return session.endpoint();
  }

  /** Not if anything came since: then the connection was alive, whatever became of the stream. */
  @Override
  public boolean isUsed() {
    return session.isUsed() && session.framesHeard() == framesHeardBefore;
  }

  @Override
  public HttpMetrics.Series series(
      HttpMetrics metrics, String source, String service, String backend) {
    return session.series(metrics, source, service, backend);
  }

  // --- the request ---

  @Override
  public void begin(Exchange by, Head request, Framing framing) {
    exchange = by;
    method = request.method();
    requestEnded = framing.isEmpty();
    framesHeardBefore = session.framesHeard();
    session.open(this, HeaderBlockWriter.writeRequest(request), requestEnded);
  }

  /** The connection took no stream. */
  void notOpened() {
    Exchange by = exchange;
    exchange = null;
    if (by != null) {
      by.notProcessed(true);
      by.flushClient();
    }
  }

  @Override
  public void requestData(ByteBuf data) {
    writeData(data);
  }

  @Override
  public void requestEnd(@Nullable Head with) {
    requestEnded = true;
    if (with == null) {
      writeEnd();
    } else {
      writeHeaders(HeaderBlockWriter.writeTrailers(with), true);
    }
    if (state == State.ENDED && !endDue) {
      exchange = null;
    }
  }

  @Override
  public void endOutput() {
    // END_STREAM has said it.
  }

  @Override
  public boolean isWritable() {
    return takesOrWaits();
  }

  @Override
  public void setReading(boolean on) {
    pause(!on);
    if (on && endDue) {
      tellEnd();
      flushClient();
    }
  }

  @Override
  public void cancel() {
    exchange = null;
    endDue = false;
    giveTrailers();
    pause(false);
    reset(Http2Error.CANCEL);
  }

  @Override
  public void discard() {
    cancel();
  }

  // --- the answer ---

  @Override
  void onHeaders(Http2Headers headers, boolean end) {
    if (exchange == null) {
      return;
    }
    Head head = Heads.take();
    try {
      if (state == State.HEAD) {
        onHead(headers, head, end);
      } else {
        HeaderBlockReader.readTrailers(headers, head);
        checkLength();
        trailers = head;
        ended();
        return;
      }
    } catch (MalformedException e) {
      malformed(e, Http2Error.PROTOCOL_ERROR);
    }
    Heads.give(head);
  }

  private void onHead(Http2Headers headers, Head head, boolean end) throws MalformedException {
    Exchange by = exchange;
    HeaderBlockReader.readResponse(headers, head);
    declared = Framing.ofResponse(head, method);
    if (by == null) {
      return;
    }
    if (head.status() < 200) {
      if (end) {
        throw MalformedException.syntax("an informational answer ends the stream");
      }
      by.interim(head);
      return;
    }
    state = State.BODY;
    if (end) {
      checkLength();
    }
    by.answer(head, end ? Framing.NONE : Framing.CHUNKED, true);
    if (end && exchange != null) {
      ended();
    }
  }

  @Override
  void onBody(ByteBuf data) {
    Exchange by = exchange;
    bodyBytes += data.readableBytes();
    if (by == null || state != State.BODY) {
      data.release();
    } else if (declared.mode() == Framing.Mode.NONE) {
      data.release();
      malformed(
          MalformedException.syntax("the answer has a body, which it must not have"),
          Http2Error.PROTOCOL_ERROR);
    } else {
      by.answerData(data);
    }
  }

  @Override
  void onEnd() {
    if (exchange == null || state != State.BODY) {
      return;
    }
    try {
      checkLength();
      ended();
    } catch (MalformedException e) {
      malformed(e, Http2Error.PROTOCOL_ERROR);
    }
  }

  /** The codec lets an answer without any body pass, because it does not know of HEAD. */
  private void checkLength() throws MalformedException {
    if (declared.mode() == Framing.Mode.LENGTH && bodyBytes != declared.lengthBytes()) {
      throw MalformedException.syntax(
          "the answer has " + bodyBytes + " bytes, and said " + declared.lengthBytes());
    }
  }

  private void ended() {
    state = State.ENDED;
    session.used();
    if (isPaused()) {
      endDue = true;
    } else {
      tellEnd();
    }
  }

  private void tellEnd() {
    endDue = false;
    Exchange by = exchange;
    // A stream that was closed meanwhile takes nothing more of the request.
    boolean last = requestEnded || !isOpen();
    if (last) {
      exchange = null;
    }
    if (by != null) {
      by.answerEnd(trailers, last);
      by.flushClient();
    }
    giveTrailers();
  }

  private void giveTrailers() {
    Head mine = trailers;
    if (mine != null) {
      trailers = null;
      Heads.give(mine);
    }
  }

  private void malformed(MalformedException e, Http2Error error) {
    Exchange by = exchange;
    exchange = null;
    pause(false);
    reset(error);
    if (by != null) {
      by.malformedAnswer(e);
    }
  }

  @Override
  void onError(Http2FrameStreamException error) {
    boolean tooLarge = error.getCause() instanceof Http2Exception.HeaderListSizeException;
    String problem = String.valueOf(error.getMessage());
    malformed(
        tooLarge ? MalformedException.tooLarge(problem) : MalformedException.syntax(problem),
        error.error());
  }

  @Override
  void onReset(long errorCode) {
    if (state == State.HEAD && errorCode == Http2Error.REFUSED_STREAM.code()) {
      gone(by -> by.notProcessed(false));
    } else {
      gone(by -> by.upstreamClosed(state == State.ENDED));
    }
  }

  @Override
  void onClosed(boolean notProcessed, @Nullable Throwable lost) {
    if (notProcessed && state == State.HEAD) {
      gone(by -> by.notProcessed(true));
    } else if (lost instanceof Http2Exception && state != State.ENDED) {
      MalformedException e =
          MalformedException.syntax("what is not HTTP/2: " + String.valueOf(lost.getMessage()));
      gone(by -> by.malformedAnswer(e));
    } else {
      gone(by -> by.upstreamClosed(state == State.ENDED));
    }
    flushClient();
  }

  private interface News {
    void tell(Exchange exchange);
  }

  /** Nothing more comes; an end that is due is still told in its time. */
  private void gone(News news) {
    Exchange by = exchange;
    if (by != null && !endDue) {
      exchange = null;
      pause(false);
      news.tell(by);
      by.flushClient();
    }
  }

  @Override
  void onWritable() {
    Exchange by = exchange;
    if (by != null) {
      by.upstreamWritable(true);
    }
  }

  @Override
  void flushOtherSide0() {
    flushClient();
  }

  private void flushClient() {
    Exchange by = exchange;
    if (by != null) {
      by.flushClient();
    }
  }
}
