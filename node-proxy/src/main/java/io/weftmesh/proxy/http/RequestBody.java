package io.weftmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.weftmesh.proxy.http.codec.Head;
import org.jspecify.annotations.Nullable;

/**
 * The part of a request's body that was read so far, kept as long as it may have to be sent
 * (again): until it outgrows the bound, or the answer has begun. Bytes are copied together, because
 * a slice of what the socket read would keep all of that alive for perhaps one byte.
 */
final class RequestBody {
  private final int maxBytes;
  private @Nullable ByteBuf kept;
  private @Nullable Head trailers;
  private boolean complete = true;
  private boolean withheld;
  private boolean askedFor;
  private boolean ended;

  /**
   * @param withheld whether the client waits to be told to send it ({@code Expect: 100-continue})
   */
  RequestBody(int maxBytes, boolean withheld) {
    this.maxBytes = maxBytes;
    this.withheld = withheld;
  }

  /**
   * Whether the client still waits to be told to send its body. After an answer that tells it
   * nothing of the kind it may send the body, or another request: nobody can tell which.
   */
  boolean isWithheld() {
    return withheld;
  }

  /** The client is told to send it; returns whether that is news. */
  boolean askFor() {
    boolean news = !askedFor;
    askedFor = true;
    withheld = false;
    return news;
  }

  /** Some of it has come, asked for or not. */
  void begin() {
    withheld = false;
  }

  /** Whether the body can be sent from its beginning. */
  boolean isReplayable() {
    return complete;
  }

  boolean isEnded() {
    return ended;
  }

  @Nullable Head trailers() {
    return trailers;
  }

  /** Whether as much waits to be sent as should. */
  boolean isFull() {
    return kept != null && kept.readableBytes() >= maxBytes;
  }

  /**
   * Some more of the body, which stays the caller's.
   *
   * @param sent whether it goes on to an endpoint at once; if not, it is kept whatever its size
   */
  void add(ByteBuf data, ByteBufAllocator allocator, boolean sent) {
    if (!complete) {
      return;
    }
    int size = data.readableBytes();
    int before = kept == null ? 0 : kept.readableBytes();
    if (sent && before + size > maxBytes) {
      forget();
      return;
    }
    if (kept == null) {
      kept = allocator.buffer(size);
    }
    kept.writeBytes(data, data.readerIndex(), size);
  }

  void end(@Nullable Head with) {
    ended = true;
    trailers = with;
  }

  /** A copy of all that is kept, to be sent; null if there is nothing. */
  @Nullable ByteBuf copy(ByteBufAllocator allocator) {
    if (kept == null) {
      return null;
    }
    ByteBuf copy = allocator.ioBuffer(kept.readableBytes());
    copy.writeBytes(kept, kept.readerIndex(), kept.readableBytes());
    if (kept.readableBytes() > maxBytes) {
      forget();
    }
    return copy;
  }

  /** Nothing will be sent again. */
  void forget() {
    complete = false;
    release();
  }

  void release() {
    if (kept != null) {
      kept.release();
      kept = null;
    }
  }
}
