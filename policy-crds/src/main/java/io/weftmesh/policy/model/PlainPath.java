package io.weftmesh.policy.model;

/**
 * Paths that can be read in one way only. Access is decided by the path as sent, and the
 * application may read {@code /a/../admin}, {@code //admin}, {@code /%61dmin}, {@code /admin;x=1}
 * or {@code \admin} as {@code /admin}. Which of them it does nobody knows; so they are not
 * interpreted, and what depends on such a path cannot be told.
 */
public final class PlainPath {
  private PlainPath() {}

  /** Whether a path, given without query, is one. */
  public static boolean is(String path) {
    if (!path.startsWith("/")) {
      return false;
    }
    int segment = 1;
    for (int i = 1; i <= path.length(); i++) {
      char c = i == path.length() ? '/' : path.charAt(i);
      if (c == '/') {
        boolean last = i == path.length();
        if (isDots(path, segment, i) || (i == segment && !last)) {
          return false;
        }
        segment = i + 1;
      } else if (c <= ' '
          || c >= 0x7f
          || c == ';'
          || c == '\\'
          || (c == '%' && !isFarFrom(path, i))) {
        return false;
      }
    }
    return true;
  }

  /** The segments {@code .} and {@code ..}. */
  private static boolean isDots(String path, int from, int to) {
    int length = to - from;
    return (length == 1 && path.charAt(from) == '.')
        || (length == 2 && path.charAt(from) == '.' && path.charAt(from + 1) == '.');
  }

  /** Whether an encoded byte is a space or beyond ASCII, which no plain character stands for. */
  private static boolean isFarFrom(String path, int percent) {
    if (percent + 2 >= path.length()) {
      return false;
    }
    int high = Character.digit(path.charAt(percent + 1), 16);
    int low = Character.digit(path.charAt(percent + 2), 16);
    int value = high * 16 + low;
    return high >= 0 && low >= 0 && (value == ' ' || value >= 0x80);
  }
}
