package io.weftmesh.proxy.http.codec;

import io.netty.buffer.ByteBuf;
import io.weftmesh.proxy.http.codec.MalformedException.Kind;
import java.nio.charset.StandardCharsets;

/**
 * Reads a head or trailers, in as many pieces as they come, and takes not one byte beyond. Strict:
 * every line ends in CR LF, names are tokens directly followed by a colon, values hold no control
 * characters, and no line continues another. What two parsers could read in two ways is refused
 * here, so that nothing behind the proxy has to.
 */
public final class HeadReader {
  /** More fields than any application sends; their index must not grow with a hostile head. */
  static final int MAX_FIELDS = 256;

  static final int MAX_METHOD_BYTES = 32;
  private static final byte[] VERSION = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);
  private static final String[] METHODS = {
    "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"
  };

  private enum Start {
    REQUEST,
    RESPONSE,
    NONE
  }

  private final Start start;
  private final int maxBytes;

  private boolean startLineRead;
  private boolean emptyLineSkipped;
  private int lineStart;
  private int scanned;

  private HeadReader(Start start, int maxBytes) {
    this.start = start;
    this.maxBytes = maxBytes;
    this.startLineRead = start == Start.NONE;
  }

  /**
   * A reader of requests.
   *
   * @param maxBytes of the start line and the fields together
   */
  public static HeadReader ofRequests(int maxBytes) {
    return new HeadReader(Start.REQUEST, maxBytes);
  }

  public static HeadReader ofResponses(int maxBytes) {
    return new HeadReader(Start.RESPONSE, maxBytes);
  }

  static HeadReader ofTrailers(int maxBytes) {
    return new HeadReader(Start.NONE, maxBytes);
  }

  /** Whether a part of a head was read, and the rest is to come. */
  public boolean isInside() {
    return scanned > 0;
  }

  /**
   * Reads on.
   *
   * @param head the same, cleared at first, until the result is true
   * @return whether the head is complete; then the next call begins another one
   */
  public boolean read(ByteBuf in, Head head) throws MalformedException {
    int before = head.length;
    int take = Math.min(in.readableBytes(), maxBytes - before);
    head.ensure(before + take);
    in.readBytes(head.bytes, before, take);
    head.length = before + take;

    byte[] bytes = head.bytes;
    while (scanned < head.length) {
      if (bytes[scanned++] != '\n') {
        continue;
      }
      int lineEnd = scanned - 2;
      if (lineEnd < lineStart || bytes[lineEnd] != '\r') {
        throw MalformedException.syntax("a line ends in LF alone, expected CR LF");
      }
      int thisLine = lineStart;
      lineStart = scanned;
      if (line(head, thisLine, lineEnd)) {
        in.readerIndex(in.readerIndex() - (head.length - scanned));
        head.length = scanned;
        reset();
        return true;
      }
    }
    if (head.length == maxBytes) {
      throw new MalformedException(
          Kind.TOO_LARGE, "the head is larger than the " + maxBytes + " bytes that are allowed");
    }
    return false;
  }

  /** Forgets a head that was begun. */
  public void reset() {
    startLineRead = start == Start.NONE;
    emptyLineSkipped = false;
    lineStart = 0;
    scanned = 0;
  }

  /** Whether it was the empty line at the end. */
  private boolean line(Head head, int from, int to) throws MalformedException {
    if (startLineRead) {
      if (from == to) {
        return true;
      }
      field(head, from, to);
      if (start == Start.REQUEST) {
        host(head, head.count() - 1);
      }
    } else if (start == Start.REQUEST) {
      if (from == to && !emptyLineSkipped) {
        // RFC 9112, 2.2: old clients send an empty line after a body.
        emptyLineSkipped = true;
        return false;
      }
      requestLine(head, from, to);
      startLineRead = true;
    } else {
      statusLine(head, from, to);
      startLineRead = true;
    }
    return false;
  }

  private static void requestLine(Head head, int from, int to) throws MalformedException {
    byte[] bytes = head.bytes;
    int methodEnd = from;
    while (methodEnd < to && Chars.isToken(bytes[methodEnd])) {
      methodEnd++;
    }
    if (methodEnd == from || methodEnd - from > MAX_METHOD_BYTES) {
      throw MalformedException.syntax("the request does not begin with a method");
    }
    if (methodEnd == to || bytes[methodEnd] != ' ') {
      throw MalformedException.syntax("the method is not followed by one space");
    }
    int targetStart = methodEnd + 1;
    int targetEnd = targetStart;
    while (targetEnd < to && Chars.isTarget(bytes[targetEnd])) {
      targetEnd++;
    }
    if (targetEnd == targetStart || targetEnd == to || bytes[targetEnd] != ' ') {
      throw MalformedException.syntax("the request target is empty or has a character not allowed");
    }
    boolean http10 = version(bytes, targetEnd + 1, to);
    String method = method(bytes, from, methodEnd);
    target(bytes, targetStart, targetEnd, method);
    head.requestLine(method, targetStart, targetEnd, http10);
  }

  /** RFC 9112, 3.2: which form goes with which method. */
  private static void target(byte[] bytes, int start, int end, String method)
      throws MalformedException {
    boolean right;
    if (method.equals("CONNECT")) {
      right = bytes[start] != '*' && RequestTarget.isAuthority(bytes, start, end);
    } else if (bytes[start] == '/') {
      right = true;
    } else if (bytes[start] == '*') {
      right = end == start + 1 && method.equals("OPTIONS");
    } else {
      right = RequestTarget.isAbsolute(bytes, start, end);
    }
    if (!right) {
      throw MalformedException.syntax(
          "the request target does not have a form that goes with " + method);
    }
  }

  private static void statusLine(Head head, int from, int to) throws MalformedException {
    byte[] bytes = head.bytes;
    int afterVersion = from + VERSION.length + 1;
    if (to < afterVersion + 4 || bytes[afterVersion] != ' ') {
      throw MalformedException.syntax("the status line is too short or has no space");
    }
    boolean http10 = version(bytes, from, afterVersion);
    int status = 0;
    for (int i = afterVersion + 1; i < afterVersion + 4; i++) {
      if (!Chars.isDigit(bytes[i])) {
        throw MalformedException.syntax("the status is not a number of three digits");
      }
      status = status * 10 + bytes[i] - '0';
    }
    int reason = afterVersion + 4;
    // The space before an absent reason is often forgotten, and nothing hangs on it.
    if (status < 100 || (reason < to && bytes[reason] != ' ')) {
      throw MalformedException.syntax("the status is not a number from 100 to 999");
    }
    reason = Math.min(reason + 1, to);
    for (int i = reason; i < to; i++) {
      if (!Chars.isValue(bytes[i])) {
        throw MalformedException.syntax("the reason has a character not allowed");
      }
    }
    head.statusLine(status, reason, to, http10);
  }

  /** Whether it is 1.0. */
  private static boolean version(byte[] bytes, int from, int to) throws MalformedException {
    boolean same = to - from == VERSION.length + 1;
    for (int i = 0; same && i < VERSION.length; i++) {
      same = bytes[from + i] == VERSION[i];
    }
    if (!same || !Chars.isDigit(bytes[to - 1])) {
      throw MalformedException.syntax("the version is not HTTP/1.1 or HTTP/1.0");
    }
    if (bytes[to - 1] > '1') {
      throw new MalformedException(Kind.VERSION, "the version is neither HTTP/1.1 nor HTTP/1.0");
    }
    return bytes[to - 1] == '0';
  }

  private static void field(Head head, int from, int to) throws MalformedException {
    byte[] bytes = head.bytes;
    if (Chars.isBlank(bytes[from])) {
      throw MalformedException.syntax("a header line is folded or begins with white space");
    }
    int nameEnd = from;
    while (nameEnd < to && Chars.isToken(bytes[nameEnd])) {
      nameEnd++;
    }
    if (nameEnd == from || nameEnd == to || bytes[nameEnd] != ':') {
      throw MalformedException.syntax(
          "a header name is empty, has a character not allowed, or is not followed by a colon");
    }
    int valueStart = nameEnd + 1;
    int valueEnd = to;
    while (valueStart < valueEnd && Chars.isBlank(bytes[valueStart])) {
      valueStart++;
    }
    while (valueEnd > valueStart && Chars.isBlank(bytes[valueEnd - 1])) {
      valueEnd--;
    }
    for (int i = valueStart; i < valueEnd; i++) {
      if (!Chars.isValue(bytes[i])) {
        throw MalformedException.syntax("a header value has a control character");
      }
    }
    if (head.count() == MAX_FIELDS) {
      throw new MalformedException(
          Kind.TOO_LARGE, "there are more than the " + MAX_FIELDS + " headers that are allowed");
    }
    head.index(from, nameEnd, valueStart, valueEnd, to + 2);
  }

  /** RFC 9112, 3.2: a value that is no authority is refused, whether or not it is the one used. */
  private static void host(Head head, int place) throws MalformedException {
    if (head.isAt(place, Field.HOST)
        && !RequestTarget.isAuthority(head.bytes, head.valueStart(place), head.valueEnd(place))) {
      throw MalformedException.syntax(
          "Host is '" + head.value(place) + "', expected a host and at most a port");
    }
  }

  static String method(byte[] bytes, int from, int to) {
    for (String method : METHODS) {
      if (method.length() == to - from && startsWith(bytes, from, method)) {
        return method;
      }
    }
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
  }

  private static boolean startsWith(byte[] bytes, int from, String text) {
    for (int i = 0; i < text.length(); i++) {
      if (bytes[from + i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
