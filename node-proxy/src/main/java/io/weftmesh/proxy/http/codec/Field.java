package io.weftmesh.proxy.http.codec;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The header fields that the proxy itself acts on; all others are bytes to be passed on. */
public enum Field {
  CONNECTION("Connection"),
  CONTENT_LENGTH("Content-Length"),
  EXPECT("Expect"),
  HOST("Host"),
  HTTP2_SETTINGS("HTTP2-Settings"),
  KEEP_ALIVE("Keep-Alive"),
  PROXY_CONNECTION("Proxy-Connection"),
  TE("TE"),
  TRAILER("Trailer"),
  TRANSFER_ENCODING("Transfer-Encoding"),
  UPGRADE("Upgrade");

  private static final @Nullable Field[][] BY_LENGTH = byLength();

  private final String wireName;

  @SuppressWarnings("ImmutableEnumChecker") // never written after the constructor
  private final byte[] lowerCase;

  Field(String wireName) {
    this.wireName = wireName;
    this.lowerCase = wireName.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
  }

  /** As it is written when the proxy writes it. */
  public String wireName() {
    return wireName;
  }

  static @Nullable Field of(byte[] bytes, int start, int end) {
    int length = end - start;
    if (length >= BY_LENGTH.length) {
      return null;
    }
    for (Field field : BY_LENGTH[length]) {
      if (field != null && equalsIgnoreCase(bytes, start, end, field.lowerCase)) {
        return field;
      }
    }
    return null;
  }

  static boolean equalsIgnoreCase(byte[] bytes, int start, int end, byte[] lowerCase) {
    if (end - start != lowerCase.length) {
      return false;
    }
    for (int i = 0; i < lowerCase.length; i++) {
      if (lowerCase(bytes[start + i]) != lowerCase[i]) {
        return false;
      }
    }
    return true;
  }

  static byte lowerCase(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b + ('a' - 'A')) : b;
  }

  private static @Nullable Field[][] byLength() {
    int longest = 0;
    for (Field field : values()) {
      longest = Math.max(longest, field.lowerCase.length);
    }
    var table = new Field[longest + 1][];
    for (int length = 0; length <= longest; length++) {
      int size = 0;
      for (Field field : values()) {
        size += field.lowerCase.length == length ? 1 : 0;
      }
      table[length] = new Field[size];
      for (Field field : values()) {
        if (field.lowerCase.length == length) {
          table[length][--size] = field;
        }
      }
    }
    return table;
  }
}
