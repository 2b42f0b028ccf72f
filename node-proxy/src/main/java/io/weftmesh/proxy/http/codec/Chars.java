package io.weftmesh.proxy.http.codec;

/** Character classes of RFC 9110 and 9112, as tables. */
final class Chars {
  private static final byte TOKEN = 1;
  private static final byte VALUE = 2;
  private static final byte TARGET = 4;

  private static final byte[] CLASSES = classes();

  private Chars() {}

  /** {@code tchar}: what methods and field names are made of. */
  static boolean isToken(byte b) {
    return (CLASSES[b & 0xff] & TOKEN) != 0;
  }

  /** {@code field-vchar}, space and tab. Bytes above 127 are opaque and pass. */
  static boolean isValue(byte b) {
    return (CLASSES[b & 0xff] & VALUE) != 0;
  }

  /**
   * What may stand in a request target. More than RFC 3986 allows, because clients send more and
   * servers take it ({@code |}, <code>{}</code>, raw UTF-8); but no white space and no control
   * character, which would end the target, and no fragment, on whose place in a path no two
   * implementations agree.
   */
  static boolean isTarget(byte b) {
    return (CLASSES[b & 0xff] & TARGET) != 0;
  }

  /** The value of a hexadecimal digit, or -1. */
  static int hex(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    byte lower = Field.lowerCase(b);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static byte[] classes() {
    byte[] classes = new byte[256];
    for (int c = 0; c < 256; c++) {
      boolean alphanumeric =
          (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
        classes[c] |= TOKEN;
      }
      if (c == '\t' || (c >= ' ' && c != 127)) {
        classes[c] |= VALUE;
      }
      if (c > ' ' && c != 127 && c != '#') {
        classes[c] |= TARGET;
      }
    }
    return classes;
  }
}
