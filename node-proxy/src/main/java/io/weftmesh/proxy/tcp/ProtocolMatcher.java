package io.weftmesh.proxy.tcp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.jspecify.annotations.Nullable;

/**
 * Tells from a client's first bytes what it speaks, without ever waiting for a byte that may not
 * come: three matchers look at each byte, and as soon as none of them can still succeed the answer
 * is {@link Protocol#OPAQUE}. An answer is never taken back.
 *
 * <ul>
 *   <li>HTTP/2: the 24 bytes of the client preface.
 *   <li>TLS: a handshake record (RFC 8446, 5.1) that begins with a ClientHello.
 *   <li>HTTP/1: {@code method SP target SP HTTP/1.x} and a line end (RFC 9112, 3). The version is
 *       what makes it one: Redis' inline {@code GET key} and memcached's {@code get key} are not.
 * </ul>
 *
 * <p>Not thread-safe. Allocates nothing.
 */
final class ProtocolMatcher {
  /** A longer request line is no concern of routing any more; it is relayed as it is. */
  static final int MAX_REQUEST_LINE_BYTES = 64 * 1024;

  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
  private static final byte[] VERSION = "HTTP/1.".getBytes(US_ASCII);

  private static final int TLS_HANDSHAKE = 22;
  private static final int TLS_CLIENT_HELLO = 1;
  private static final int TLS_MAX_RECORD_BYTES = 1 << 14;

  private enum RequestLine {
    METHOD,
    TARGET_START,
    TARGET,
    VERSION,
    MINOR_VERSION,
    LINE_END,
    IMPOSSIBLE
  }

  private int position;
  private boolean preface = true;
  private boolean clientHello = true;
  private int recordLength;
  private RequestLine requestLine = RequestLine.METHOD;
  private int versionPosition;
  private @Nullable Protocol answer;

  /** The answer so far; null while more than one is possible. */
  @Nullable Protocol answer() {
    return answer;
  }

  /** Looks at the next byte. Returns the answer, or null while more than one is possible. */
  @Nullable Protocol feed(byte next) {
    if (answer != null) {
      return answer;
    }
    if (preface) {
      preface = next == PREFACE[position];
      if (preface && position == PREFACE.length - 1) {
        answer = Protocol.HTTP2;
      }
    }
    if (clientHello) {
      matchClientHello(Byte.toUnsignedInt(next));
    }
    if (requestLine != RequestLine.IMPOSSIBLE) {
      matchRequestLine(next);
    }
    position++;
    if (answer == null && !preface && !clientHello && requestLine == RequestLine.IMPOSSIBLE) {
      answer = Protocol.OPAQUE;
    }
    return answer;
  }

  private void matchClientHello(int next) {
    switch (position) {
      case 0 -> clientHello = next == TLS_HANDSHAKE;
      case 1 -> clientHello = next == 3;
      // From SSL 3.0 to TLS 1.3, which says 1 or 3 here.
      case 2 -> clientHello = next <= 4;
      case 3 -> {
        recordLength = next << 8;
        clientHello = recordLength <= TLS_MAX_RECORD_BYTES;
      }
      case 4 -> {
        recordLength |= next;
        clientHello = recordLength > 0 && recordLength <= TLS_MAX_RECORD_BYTES;
      }
      default -> {
        clientHello = next == TLS_CLIENT_HELLO;
        if (clientHello) {
          answer = Protocol.TLS;
        }
      }
    }
  }

  private void matchRequestLine(byte next) {
    requestLine =
        switch (requestLine) {
          case METHOD -> {
            if (isTokenCharacter(next)) {
              yield RequestLine.METHOD;
            }
            yield next == ' ' && position > 0 ? RequestLine.TARGET_START : RequestLine.IMPOSSIBLE;
          }
          case TARGET_START ->
              isTargetCharacter(next) ? RequestLine.TARGET : RequestLine.IMPOSSIBLE;
          case TARGET -> {
            if (isTargetCharacter(next)) {
              yield RequestLine.TARGET;
            }
            yield next == ' ' ? RequestLine.VERSION : RequestLine.IMPOSSIBLE;
          }
          case VERSION -> {
            if (next != VERSION[versionPosition++]) {
              yield RequestLine.IMPOSSIBLE;
            }
            yield versionPosition == VERSION.length
                ? RequestLine.MINOR_VERSION
                : RequestLine.VERSION;
          }
          case MINOR_VERSION ->
              next >= '0' && next <= '9' ? RequestLine.LINE_END : RequestLine.IMPOSSIBLE;
          case LINE_END -> {
            if (next == '\r' || next == '\n') {
              answer = Protocol.HTTP1;
            }
            yield RequestLine.IMPOSSIBLE;
          }
          case IMPOSSIBLE -> RequestLine.IMPOSSIBLE;
        };
    if (position >= MAX_REQUEST_LINE_BYTES) {
      requestLine = RequestLine.IMPOSSIBLE;
    }
  }

  /** A {@code tchar} of RFC 9110, 5.6.2. */
  private static boolean isTokenCharacter(byte character) {
    return (character >= 'A' && character <= 'Z')
        || (character >= 'a' && character <= 'z')
        || (character >= '0' && character <= '9')
        || switch (character) {
          case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~' -> true;
          default -> false;
        };
  }

  /** Visible characters, and the bytes above ASCII that sloppy clients leave unescaped. */
  private static boolean isTargetCharacter(byte character) {
    return character < 0 || (character > ' ' && character != 0x7f);
  }
}
