package io.weftmesh.ca.api;

import java.util.Locale;

/**
 * Makes a text of a stranger fit for an error message: bounded, one line, no control characters.
 */
final class Printable {
  private static final int MAX_LENGTH = 300;

  private Printable() {}

  static String of(String text) {
    StringBuilder result = new StringBuilder(Math.min(text.length(), MAX_LENGTH) + 16);
    for (int i = 0; i < text.length() && i < MAX_LENGTH; i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c <= '~') {
        result.append(c);
      } else {
        result.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      }
    }
    return text.length() > MAX_LENGTH ? result.append("...").toString() : result.toString();
  }
}
