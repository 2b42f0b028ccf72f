package io.weftmesh.policy.model;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A condition on a query parameter: it is there, and its first value, decoded, meets it. */
public record QueryMatch(String name, ValueMatch value) {

  /** A parameter with exactly this value. */
  public QueryMatch(String name, String value) {
    this(name, new ValueMatch.Exact(value));
  }

  boolean matches(RequestHead head) {
    String found = first(head.query(), name);
    return found != null && value.matches(found);
  }

  /** The first value of a parameter in a query as sent; null if it is not there. */
  private static @Nullable String first(String query, String name) {
    int start = 0;
    while (start < query.length()) {
      int end = query.indexOf('&', start);
      if (end < 0) {
        end = query.length();
      }
      int equals = query.indexOf('=', start, end);
      int nameEnd = equals < 0 ? end : equals;
      if (name.equals(decode(query.substring(start, nameEnd)))) {
        return nameEnd == end ? "" : decode(query.substring(nameEnd + 1, end));
      }
      start = end + 1;
    }
    return null;
  }

  /** Null for what is not an encoding: it equals nothing. */
  private static @Nullable String decode(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
      return text;
    }
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  @Override
  public String toString() {
    return "query parameter " + name + " " + value;
  }
}
