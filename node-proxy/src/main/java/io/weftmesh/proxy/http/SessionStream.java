package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an {@link Http2Session}: what comes is handed on at once, and its flow-control
 * credit goes back unless {@link #pause paused}. Confined to the session's event loop.
 */
abstract class SessionStream {
  private final Http2Session session;
  private @Nullable Http2FrameStream frameStream;
  private @Nullable Http2Stream stream;
  private boolean closed;
  private boolean resetSent;
  private boolean outputEnded;

  private boolean paused;
  private int uncreditedBytes;
  private boolean creditWithheld;
  private boolean flushDue;

  SessionStream(Http2Session session) {
    this.session = session;
  }

  // --- what the two sides do differently ---

  abstract void onHeaders(Http2Headers headers, boolean end);

  /** Some of the message's body, never empty; taken over. */
  abstract void onBody(ByteBuf data);

  /** The message ended behind its body, without trailers. */
  abstract void onEnd();

  /** The peer reset the stream. */
  abstract void onReset(long errorCode);

  /** The peer did on this stream what HTTP/2 forbids; to be reset at once, or when answered. */
  abstract void onError(Http2FrameStreamException error);

  /**
   * The codec is done with the stream: both ends ended it, or one reset it, or the connection is
   * gone. Told once.
   *
   * @param notProcessed whether the peer has said that it did nothing with it
   * @param lost what ended the connection, if that is what happened and it is known
   */
  abstract void onClosed(boolean notProcessed, @Nullable Throwable lost);

  /** There is room again for what is written here. */
  abstract void onWritable();

  abstract void flushOtherSide0();

  // --- for the session ---

  final void onData(ByteBuf data, int flowControlledBytes, boolean end) {
    uncreditedBytes += flowControlledBytes;
    if (data.isReadable()) {
      onBody(data);
    } else {
      data.release();
    }
    if (end) {
      onEnd();
    }
    if (!paused) {
      credit();
    }
  }

  final void closed(boolean notProcessed, @Nullable Throwable lost) {
    closed = true;
    if (paused && uncreditedBytes > 0) {
      creditWithheld = true;
      session.windows().withhold(uncreditedBytes);
    }
    onClosed(notProcessed, lost);
  }

  /** Whether a place among those that {@link #flushOtherSide} is owed to is still to be had. */
  final boolean claimFlush() {
    boolean claimed = !flushDue;
    flushDue = true;
    return claimed;
  }

  final void flushOtherSide() {
    flushDue = false;
    flushOtherSide0();
  }

  final void resume() {
    if (isOpen()) {
      onWritable();
    }
  }

  /** Whether there is room for what is written here; where nothing more is, there always is. */
  final boolean takes() {
    Http2Stream open = stream;
    return open == null || closed || outputEnded || session.windows().takes(open);
  }

  // --- for the sides ---

  /**
   * The stream has begun.
   *
   * @param ended whether we have said all with its head
   */
  final void opened(Http2FrameStream newFrameStream, Http2Stream newStream, boolean ended) {
    frameStream = newFrameStream;
    stream = newStream;
    outputEnded = ended;
    session.add(newFrameStream.id(), this);
  }

  /** Whether something may still be written. */
  final boolean isOpen() {
    return stream != null && !closed && !resetSent;
  }

  final void writeHeaders(Http2Headers headers, boolean end) {
    Http2FrameStream to = frameStream;
    if (to != null && isOpen() && !outputEnded) {
      outputEnded = end;
      ChannelFuture written =
          session.context().write(new DefaultHttp2HeadersFrame(headers, end).stream(to));
      if (end) {
        written.addListener(done -> outputWritten(done.isSuccess()));
      }
    }
  }

  /** Writes some of a body; taken over. */
  final void writeData(ByteBuf data) {
    Http2FrameStream to = frameStream;
    if (to != null && isOpen() && !outputEnded) {
      session.context().write(new DefaultHttp2DataFrame(data, false).stream(to));
    } else {
      data.release();
    }
  }

  final void writeEnd() {
    Http2FrameStream to = frameStream;
    if (to != null && isOpen() && !outputEnded) {
      outputEnded = true;
      session
          .context()
          .write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true).stream(to))
          .addListener(done -> outputWritten(done.isSuccess()));
    }
  }

  private void outputWritten(boolean success) {
    if (success && isOpen()) {
      onOutputWritten();
    }
  }

  /** All that was to be written has left, and the stream is still open for what comes. */
  void onOutputWritten() {}

  final void reset(Http2Error error) {
    Http2FrameStream to = frameStream;
    if (to != null && isOpen()) {
      resetSent = true;
      session.context().write(new DefaultHttp2ResetFrame(error).stream(to));
      session.flush();
    }
  }

  /** Puts on the wire, at the turn's end, what was written. */
  public final void flush() {
    session.flush();
  }

  /** As {@link #takes}; if there is none, {@link #onWritable} tells when there is. */
  final boolean takesOrWaits() {
    boolean takes = takes();
    if (!takes) {
      session.stalled().add(this);
    }
    return takes;
  }

  /** Whether what comes is not being passed on, so that the peer is to send no more. */
  final void pause(boolean on) {
    paused = on;
    if (!on) {
      credit();
    }
  }

  final boolean isPaused() {
    return paused;
  }

  private void credit() {
    int bytes = uncreditedBytes;
    Http2Stream of = stream;
    if (bytes == 0 || of == null) {
      return;
    }
    uncreditedBytes = 0;
    if (creditWithheld) {
      creditWithheld = false;
      session.windows().returnWithheld(bytes);
    } else if (!closed) {
      session.windows().credit(of, bytes);
    }
  }
}
