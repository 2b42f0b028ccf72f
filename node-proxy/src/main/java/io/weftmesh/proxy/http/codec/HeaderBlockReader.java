package io.weftmesh.proxy.http.codec;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns the header blocks of HTTP/2 into {@link Head}s, and refuses what RFC 9113, 8.2 and 8.3 call
 * malformed. So that nothing has to be known of the codec's own checks, and of how they are set,
 * everything is looked at here but the one thing that can no longer be seen: the order in which
 * pseudo-headers and fields came, which is the codec's.
 *
 * <p>{@code :authority} becomes {@code Host}; one that is there as well must say the same. The
 * crumbs of a cookie (8.2.3) are put together, so that routing sees it as one.
 */
public final class HeaderBlockReader {
  private static final AsciiString COOKIE = AsciiString.cached("cookie");
  private static final AsciiString TRAILERS = AsciiString.cached("trailers");
  private static final AsciiString HOST = AsciiString.cached("host");

  private HeaderBlockReader() {}

  /**
   * Reads a request.
   *
   * @param head cleared
   */
  public static void readRequest(Http2Headers block, Head head) throws MalformedException {
    CharSequence method = block.method();
    CharSequence scheme = block.scheme();
    CharSequence path = block.path();
    CharSequence authority = block.authority();
    if (method == null || method.isEmpty() || method.length() > HeadReader.MAX_METHOD_BYTES) {
      throw MalformedException.syntax(":method is missing, empty or too long");
    }
    AsciiString methodBytes = checked(":method", method, Chars::isToken);
    String name =
        HeadReader.method(
            methodBytes.array(),
            methodBytes.arrayOffset(),
            methodBytes.arrayOffset() + methodBytes.length());
    int pseudo =
        1 + (scheme == null ? 0 : 1) + (path == null ? 0 : 1) + (authority == null ? 0 : 1);
    if (name.equals("CONNECT")) {
      if (scheme != null || path != null || authority == null) {
        throw MalformedException.syntax("a CONNECT has :method and :authority and no other");
      }
      requestLine(head, name, checkAuthority(authority));
    } else {
      if (scheme == null || path == null) {
        throw MalformedException.syntax((scheme == null ? ":scheme" : ":path") + " is missing");
      }
      head.scheme(checkScheme(scheme));
      requestLine(head, name, checkPath(path, name));
    }
    if (authority != null) {
      append(head, HOST, checkAuthority(authority));
    }
    readFields(block, head, pseudo, authority);
  }

  /**
   * Reads an answer, which may be informational.
   *
   * @param head cleared
   */
  public static void readResponse(Http2Headers block, Head head) throws MalformedException {
    CharSequence status = block.status();
    if (status == null || status.length() != 3) {
      throw MalformedException.syntax(":status is '" + status + "', expected three digits");
    }
    int code = 0;
    for (int i = 0; i < 3; i++) {
      if (!Chars.isDigit((byte) status.charAt(i))) {
        throw MalformedException.syntax(":status is not a number of three digits");
      }
      code = code * 10 + status.charAt(i) - '0';
    }
    if (code < 100 || code == 101) {
      throw MalformedException.syntax(":status is " + code + ", which HTTP/2 does not have");
    }
    head.statusLine(code, 0, 0, false);
    readFields(block, head, 1, null);
  }

  /**
   * Reads trailers. What frames or routes a message has no place behind it (RFC 9110, 6.5.1) and is
   * left out.
   *
   * @param head cleared
   */
  public static void readTrailers(Http2Headers block, Head head) throws MalformedException {
    readFields(block, head, 0, null);
    BodyReader.removeForbidden(head);
  }

  private static void readFields(
      Http2Headers block, Head head, int pseudo, @Nullable CharSequence authority)
      throws MalformedException {
    int pseudoLeft = pseudo;
    boolean cookieRead = false;
    boolean hostRead = false;
    for (Map.Entry<CharSequence, CharSequence> field : block) {
      AsciiString name = AsciiString.of(field.getKey());
      if (!name.isEmpty() && name.byteAt(0) == ':') {
        if (pseudoLeft-- == 0) {
          throw MalformedException.syntax(
              "a pseudo-header is there twice or has no place here, the last is '" + name + "'");
        }
        continue;
      }
      AsciiString value = AsciiString.of(field.getValue());
      checkName(name);
      if (name.equals(COOKIE)) {
        if (!cookieRead) {
          cookieRead = true;
          append(head, COOKIE, crumbs(block));
        }
        continue;
      }
      if (name.equals(HOST)) {
        if (hostRead
            || (authority != null && !AsciiString.contentEqualsIgnoreCase(authority, value))) {
          throw MalformedException.syntax("Host is there twice, or is not what :authority says");
        }
        hostRead = true;
        if (authority != null) {
          continue;
        }
        value = checkAuthority(value);
      }
      append(head, name, value);
    }
  }

  private static AsciiString crumbs(Http2Headers block) {
    List<CharSequence> crumbs = block.getAll(COOKIE);
    return crumbs.size() == 1
        ? AsciiString.of(crumbs.getFirst())
        : new AsciiString(String.join("; ", crumbs));
  }

  private static void requestLine(Head head, String method, AsciiString target) {
    int start = head.length;
    append(head, target);
    head.requestLine(method, start, head.length, false);
  }

  /** Adds a line as HTTP/1 would have it. */
  private static void append(Head head, AsciiString name, AsciiString value)
      throws MalformedException {
    if (head.count() == HeadReader.MAX_FIELDS) {
      throw MalformedException.tooLarge(
          "there are more than the " + HeadReader.MAX_FIELDS + " headers that are allowed");
    }
    int nameStart = head.length;
    append(head, name);
    int nameEnd = head.length;
    head.ensure(head.length + 2);
    head.bytes[head.length++] = ':';
    head.bytes[head.length++] = ' ';
    int valueStart = head.length;
    append(head, value);
    int valueEnd = head.length;
    checkValue(head, valueStart, valueEnd);
    head.ensure(head.length + 2);
    head.bytes[head.length++] = '\r';
    head.bytes[head.length++] = '\n';
    head.index(nameStart, nameEnd, valueStart, valueEnd, head.length);
    checkMeaning(head.known(head.count() - 1), value);
  }

  private static void append(Head head, AsciiString text) {
    head.ensure(head.length + text.length());
    System.arraycopy(text.array(), text.arrayOffset(), head.bytes, head.length, text.length());
    head.length += text.length();
  }

  private static void checkName(AsciiString name) throws MalformedException {
    boolean right = !name.isEmpty();
    for (int i = 0; right && i < name.length(); i++) {
      byte b = name.byteAt(i);
      right = Chars.isToken(b) && Field.lowerCase(b) == b;
    }
    if (!right) {
      throw MalformedException.syntax(
          "a header name is empty, or has a character that is not allowed or in upper case");
    }
  }

  private static void checkValue(Head head, int start, int end) throws MalformedException {
    for (int i = start; i < end; i++) {
      if (!Chars.isValue(head.bytes[i])) {
        throw MalformedException.syntax("a header value has a control character");
      }
    }
    if (end > start && (Chars.isBlank(head.bytes[start]) || Chars.isBlank(head.bytes[end - 1]))) {
      throw MalformedException.syntax("a header value begins or ends with white space");
    }
  }

  /** RFC 9113, 8.2.2. */
  private static void checkMeaning(@Nullable Field field, AsciiString value)
      throws MalformedException {
    if (field == null) {
      return;
    }
    switch (field) {
      case CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TRANSFER_ENCODING, UPGRADE ->
          throw MalformedException.syntax(field.wireName() + " has no meaning in HTTP/2");
      case TE -> {
        if (!value.contentEqualsIgnoreCase(TRAILERS)) {
          throw MalformedException.syntax("TE is '" + value + "', only 'trailers' is allowed");
        }
      }
      case CONTENT_LENGTH, EXPECT, HOST, HTTP2_SETTINGS, TRAILER -> {}
    }
  }

  /** RFC 3986, 3.1. */
  private static String checkScheme(CharSequence scheme) throws MalformedException {
    AsciiString text = AsciiString.of(scheme);
    boolean right = !text.isEmpty();
    for (int i = 0; right && i < text.length(); i++) {
      right = RequestTarget.isSchemeByte(text.byteAt(i), i == 0);
    }
    if (!right) {
      throw MalformedException.syntax(":scheme is not one, or empty");
    }
    // Whoever has no scheme of these two is rare enough for a string of its own.
    return text.contentEquals("http")
        ? "http"
        : text.contentEquals("https") ? "https" : text.toString();
  }

  private static AsciiString checkPath(CharSequence path, String method) throws MalformedException {
    AsciiString text = checked(":path", path, Chars::isTarget);
    boolean asterisk = text.length() == 1 && text.byteAt(0) == '*' && method.equals("OPTIONS");
    if (text.byteAt(0) != '/' && !asterisk) {
      throw MalformedException.syntax(":path does not begin with a slash");
    }
    return text;
  }

  /** Without user information, which RFC 9113, 8.3.1 forbids. */
  private static AsciiString checkAuthority(CharSequence authority) throws MalformedException {
    return checked(":authority", authority, RequestTarget::isAuthorityByte);
  }

  private interface CharacterClass {
    boolean has(byte b);
  }

  private static AsciiString checked(String what, CharSequence value, CharacterClass allowed)
      throws MalformedException {
    AsciiString text = AsciiString.of(value);
    boolean right = !text.isEmpty();
    for (int i = 0; right && i < text.length(); i++) {
      right = allowed.has(text.byteAt(i));
    }
    if (!right) {
      throw MalformedException.syntax(what + " is empty or has a character that is not allowed");
    }
    return text;
  }
}
