package io.weftmesh.proxy.http.codec;

import io.weftmesh.proxy.http.codec.MalformedException.Kind;
import java.nio.charset.StandardCharsets;

/**
 * How the end of a body is found (RFC 9112, 6.3). Wherever the standard lets a recipient repair or
 * refuse, this refuses: of two readings, the application behind might take the other.
 *
 * @param lengthBytes for {@link Mode#LENGTH}, otherwise 0
 */
public record Framing(Mode mode, long lengthBytes) {
  /** The four ways. */
  public enum Mode {
    NONE,
    LENGTH,
    CHUNKED,
    /** Responses alone: the body ends with the connection. */
    UNTIL_CLOSE,
  }

  public static final Framing NONE = new Framing(Mode.NONE, 0);
  public static final Framing CHUNKED = new Framing(Mode.CHUNKED, 0);
  public static final Framing UNTIL_CLOSE = new Framing(Mode.UNTIL_CLOSE, 0);

  private static final byte[] CHUNKED_CODING = "chunked".getBytes(StandardCharsets.US_ASCII);

  /** Fewer digits than a long can hold, so that there is no overflow to be clever about. */
  private static final int MAX_LENGTH_DIGITS = 18;

  public static Framing ofRequest(Head head) throws MalformedException {
    Framing framing = ofFields(head);
    return framing.mode == Mode.UNTIL_CLOSE ? NONE : framing;
  }

  /**
   * How a response ends.
   *
   * @param requestMethod what it answers
   */
  public static Framing ofResponse(Head head, String requestMethod) throws MalformedException {
    // Looked at even if there is no body by definition: an ambiguous head is never passed on.
    Framing framing = ofFields(head);
    int status = head.status();
    if (requestMethod.equals("HEAD") || status < 200 || status == 204 || status == 304) {
      return NONE;
    }
    return framing;
  }

  public boolean isEmpty() {
    return mode == Mode.NONE || (mode == Mode.LENGTH && lengthBytes == 0);
  }

  private static Framing ofFields(Head head) throws MalformedException {
    int encoding = -1;
    int length = -1;
    for (int i = 0; i < head.count(); i++) {
      if (head.isAt(i, Field.TRANSFER_ENCODING)) {
        if (encoding >= 0) {
          throw MalformedException.syntax("Transfer-Encoding is there twice");
        }
        encoding = i;
      } else if (head.isAt(i, Field.CONTENT_LENGTH)) {
        if (length >= 0) {
          throw MalformedException.syntax("Content-Length is there twice");
        }
        length = i;
      }
    }
    if (encoding < 0) {
      return length < 0 ? UNTIL_CLOSE : ofLength(head, length);
    }
    if (length >= 0) {
      throw MalformedException.syntax("Transfer-Encoding and Content-Length are both there");
    }
    if (head.isHttp10()) {
      throw MalformedException.syntax("Transfer-Encoding in an HTTP/1.0 message");
    }
    if (!Field.equalsIgnoreCase(
        head.bytes, head.valueStart(encoding), head.valueEnd(encoding), CHUNKED_CODING)) {
      throw new MalformedException(
          Kind.CODING,
          "Transfer-Encoding is '" + head.value(encoding) + "', only 'chunked' is spoken");
    }
    return CHUNKED;
  }

  private static Framing ofLength(Head head, int place) throws MalformedException {
    int start = head.valueStart(place);
    int end = head.valueEnd(place);
    boolean number = end > start && end - start <= MAX_LENGTH_DIGITS;
    long length = 0;
    for (int i = start; number && i < end; i++) {
      number = Chars.isDigit(head.bytes[i]);
      length = length * 10 + head.bytes[i] - '0';
    }
    if (!number) {
      throw MalformedException.syntax(
          "Content-Length is '"
              + head.value(place)
              + "', expected a number of at most "
              + MAX_LENGTH_DIGITS
              + " digits");
    }
    return new Framing(Mode.LENGTH, length);
  }
}
