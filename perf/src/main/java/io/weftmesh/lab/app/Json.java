package io.weftmesh.lab.app;

import static io.weftmesh.lab.host.Template.fill;

/** The little of JSON that the application writes. */
final class Json {
  private Json() {}

  /** {@code text} as a JSON string. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(fill("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
