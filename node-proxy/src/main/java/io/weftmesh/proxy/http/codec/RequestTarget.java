package io.weftmesh.proxy.http.codec;

import org.jspecify.annotations.Nullable;

/** The parts of a request target (RFC 9112, 3.2) that routing looks at. */
public final class RequestTarget {
  private RequestTarget() {}

  /**
   * The path with its query: all of an origin-form target, and what follows the authority of an
   * absolute one.
   */
  public static String pathAndQuery(String target) {
    if (target.startsWith("/") || target.equals("*")) {
      return target;
    }
    int scheme = target.indexOf("://");
    if (scheme < 0) {
      return "";
    }
    int end = authorityEnd(target, scheme + 3);
    if (end == target.length()) {
      return "/";
    }
    return target.charAt(end) == '/' ? target.substring(end) : "/" + target.substring(end);
  }

  /** The authority of an absolute-form target, or null in the other forms. */
  public static @Nullable String authority(String target) {
    if (target.startsWith("/")) {
      return null;
    }
    int scheme = target.indexOf("://");
    return scheme < 0 ? null : target.substring(scheme + 3, authorityEnd(target, scheme + 3));
  }

  private static int authorityEnd(String target, int start) {
    int end = start;
    while (end < target.length() && target.charAt(end) != '/' && target.charAt(end) != '?') {
      end++;
    }
    return end;
  }

  /** Whether it is the absolute form, with an authority that can be one and is not empty. */
  static boolean isAbsolute(byte[] bytes, int start, int end) {
    int from = authorityStart(bytes, start, end);
    int to = from;
    while (from > 0 && to < end && bytes[to] != '/' && bytes[to] != '?') {
      to++;
    }
    return from > 0 && isAuthority(bytes, from, to);
  }

  /** Where the authority of an absolute target begins, or -1 if it is none or it is empty. */
  private static int authorityStart(byte[] bytes, int start, int end) {
    int at = start;
    while (at < end && isSchemeByte(bytes[at], at == start)) {
      at++;
    }
    boolean absolute =
        at > start
            && at + 3 < end
            && bytes[at] == ':'
            && bytes[at + 1] == '/'
            && bytes[at + 2] == '/';
    return absolute && bytes[at + 3] != '/' && bytes[at + 3] != '?' ? at + 3 : -1;
  }

  /**
   * Whether these bytes can be an authority. User information is none of it: RFC 9110, 4.2.4 has a
   * recipient refuse it, because it is there to make one host look like another.
   */
  static boolean isAuthority(byte[] bytes, int start, int end) {
    boolean right = true;
    for (int at = start; right && at < end; at++) {
      right = isAuthorityByte(bytes[at]);
    }
    return right;
  }

  static boolean isAuthorityByte(byte b) {
    return Chars.isTarget(b) && b != '/' && b != '?' && b != '@' && b != '\\';
  }

  static boolean isSchemeByte(byte b, boolean first) {
    byte lower = Field.lowerCase(b);
    return (lower >= 'a' && lower <= 'z')
        || (!first && (Chars.isDigit(b) || b == '+' || b == '-' || b == '.'));
  }
}
