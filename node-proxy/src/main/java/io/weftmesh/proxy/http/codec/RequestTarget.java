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

  /** Where the authority of an absolute target begins, or -1 if it is none or it is empty. */
  static int authorityStart(byte[] bytes, int start, int end) {
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

  static boolean isSchemeByte(byte b, boolean first) {
    byte lower = Field.lowerCase(b);
    return (lower >= 'a' && lower <= 'z')
        || (!first && (Chars.isDigit(b) || b == '+' || b == '-' || b == '.'));
  }
}
