package io.weftmesh.proxy.http.codec;

import io.netty.buffer.ByteBuf;
import io.weftmesh.proxy.http.codec.MalformedException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Takes a body out of the byte stream, free of its framing. Data is passed on as it comes, as
 * slices of what was read; nothing is collected but trailers.
 */
public final class BodyReader {
  /** Room for the extensions that exist (signatures of chunks, mostly). */
  private static final int MAX_CHUNK_LINE_BYTES = 1024;

  private static final int MAX_SIZE_DIGITS = 15;

  private static final Field[] FORBIDDEN = Field.values();

  /** Where a body goes. */
  public interface Sink {
    /** Some of the body, never empty; the receiver releases it. */
    void data(ByteBuf data);

    /**
     * The end, told once.
     *
     * @param trailers valid during the call; null if there were none
     */
    void end(@Nullable Head trailers);
  }

  private enum State {
    DONE,
    DATA,
    DATA_CR,
    DATA_LF,
    SIZE,
    EXTENSION,
    SIZE_LF,
    TRAILERS,
    LAST_LF,
    UNTIL_CLOSE,
  }

  private final HeadReader trailerReader;
  private @Nullable Head trailers;
  private State state = State.DONE;
  private boolean chunked;
  private long left;
  private int lineBytes;

  public BodyReader(int maxTrailerBytes) {
    this.trailerReader = HeadReader.ofTrailers(maxTrailerBytes);
  }

  /** Begins a body. One that is empty is at its end at the next {@link #read}. */
  public void begin(Framing framing) {
    chunked = framing.mode() == Framing.Mode.CHUNKED;
    left = framing.lengthBytes();
    state =
        switch (framing.mode()) {
          case NONE, LENGTH -> State.DATA;
          case CHUNKED -> beginSize();
          case UNTIL_CLOSE -> State.UNTIL_CLOSE;
        };
  }

  /** Whether there is no body, or it was read to its end. */
  public boolean isDone() {
    return state == State.DONE;
  }

  /**
   * Reads on, as far as the body goes and not beyond.
   *
   * @return whether the end was reached
   */
  public boolean read(ByteBuf in, Sink sink) throws MalformedException {
    while (state != State.DONE) {
      if (state == State.DATA && left == 0) {
        if (chunked) {
          state = State.DATA_CR;
        } else {
          finish(sink, null);
        }
        continue;
      }
      if (!in.isReadable()) {
        return false;
      }
      switch (state) {
        case DATA -> data(in, sink, (int) Math.min(left, in.readableBytes()));
        case UNTIL_CLOSE -> data(in, sink, in.readableBytes());
        case DATA_CR -> expect(in.readByte(), '\r', State.DATA_LF);
        case DATA_LF -> expect(in.readByte(), '\n', beginSize());
        case SIZE -> size(in.readByte());
        case EXTENSION -> extension(in.readByte());
        case SIZE_LF -> expect(in.readByte(), '\n', left == 0 ? State.TRAILERS : State.DATA);
        case TRAILERS -> trailers(in, sink);
        case LAST_LF -> {
          expect(in.readByte(), '\n', State.DONE);
          finish(sink, null);
        }
        case DONE -> throw new IllegalStateException("read beyond the end of the body");
      }
    }
    return true;
  }

  /**
   * The peer has closed its side.
   *
   * @return whether this was a proper end
   */
  public boolean closed(Sink sink) {
    if (state == State.UNTIL_CLOSE) {
      finish(sink, null);
    }
    return state == State.DONE;
  }

  private void data(ByteBuf in, Sink sink, int bytes) {
    if (state == State.DATA) {
      left -= bytes;
    }
    sink.data(in.readRetainedSlice(bytes));
  }

  private State beginSize() {
    left = 0;
    lineBytes = 0;
    return State.SIZE;
  }

  private void size(byte b) throws MalformedException {
    int digit = Chars.hex(b);
    if (digit >= 0 && lineBytes < MAX_SIZE_DIGITS) {
      left = left << 4 | digit;
      lineBytes++;
    } else if (lineBytes > 0 && b == '\r') {
      state = State.SIZE_LF;
    } else if (lineBytes > 0 && b == ';') {
      state = State.EXTENSION;
    } else {
      throw MalformedException.syntax(
          "the size of a chunk is not a hexadecimal number of at most "
              + MAX_SIZE_DIGITS
              + " digits");
    }
  }

  /** Extensions mean nothing to anybody between the ends, and are dropped (RFC 9112, 7.1.1). */
  private void extension(byte b) throws MalformedException {
    if (b == '\r') {
      state = State.SIZE_LF;
    } else if (!Chars.isValue(b)) {
      throw MalformedException.syntax("a chunk extension has a control character");
    } else if (++lineBytes > MAX_CHUNK_LINE_BYTES) {
      throw new MalformedException(
          Kind.TOO_LARGE, "a chunk extension is longer than " + MAX_CHUNK_LINE_BYTES + " bytes");
    }
  }

  private void trailers(ByteBuf in, Sink sink) throws MalformedException {
    Head head = trailers;
    if (head == null) {
      if (in.getByte(in.readerIndex()) == '\r') {
        // Hardly anybody sends any, and the empty line alone is not worth a Head.
        in.skipBytes(1);
        state = State.LAST_LF;
        return;
      }
      head = new Head();
      trailers = head;
    }
    if (trailerReader.read(in, head)) {
      trailers = null;
      removeForbidden(head);
      finish(sink, head);
    }
  }

  /** What frames or routes a message has no place behind it (RFC 9110, 6.5.1). */
  static void removeForbidden(Head trailers) {
    for (Field field : FORBIDDEN) {
      trailers.remove(field);
    }
  }

  private void expect(byte b, char expected, State next) throws MalformedException {
    if (b != expected) {
      throw MalformedException.syntax("a chunk or its size is not followed by CR LF");
    }
    state = next;
  }

  private void finish(Sink sink, @Nullable Head with) {
    state = State.DONE;
    sink.end(with);
  }
}
